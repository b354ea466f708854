-- The post that a post answers, and the first one of its thread: a post that answers nothing begins a thread of its own.
alter table posts add column if not exists reply_to bigint;
alter table posts add column if not exists thread_id bigint;
select set_config('signalbox.project_ids', coalesce((select string_agg(project_id::text, ',') from projects), ''), true);
update posts p
set thread_id = p.post_id
where p.thread_id is null;
alter table posts alter column thread_id set not null;
create index posts_by_thread on posts (project_id, thread_id, post_id);
-- Whose tasks: tasks_by_owner_and_status finds them status by status, and is the only one to.
drop index tasks_by_owner;
