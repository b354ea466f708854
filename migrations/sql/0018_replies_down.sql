drop index posts_by_thread;
create index posts_by_thread on posts (project_id, thread_id, post_id);
