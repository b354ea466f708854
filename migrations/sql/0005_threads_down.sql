drop index posts_by_thread;
alter table posts alter column thread_id drop not null;
