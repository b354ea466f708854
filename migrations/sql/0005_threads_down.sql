drop index posts_by_thread;
alter table posts alter column thread_id drop not null;
create index tasks_by_owner on tasks (project_id, owner_id, task_id) where owner_id is not null;
