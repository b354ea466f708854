-- A task that was cancelled is done, as far as the version before knows.
select set_config('signalbox.project_ids', coalesce((select string_agg(project_id::text, ',') from projects), ''), true);
update tasks t
set status = 'done', owner_id = coalesce(t.owner_id, 0), owner = coalesce(t.owner, t.created_by)
where t.status = 'cancelled';
drop view listed_tasks;
drop index claims_unsettled;
alter table claims drop column outcome, drop column settled_ref, drop column settled_by, drop column settled_at;
drop index tasks_assigned_by_owner;
drop index tasks_open_by_lane;
drop index tasks_open;
alter table tasks drop constraint tasks_status_known;
alter table tasks add constraint tasks_status_known
    check (status in ('open', 'assigned', 'in_progress', 'blocked', 'done'));
alter table tasks drop constraint tasks_owned;
alter table tasks add constraint tasks_owned check ((status = 'open') = (owner_id is null));
alter table tasks drop column priority, drop column ref, drop column unmet;
drop table task_dependencies;
drop table lease_waiters;
alter table leases drop column mode, drop column ttl_seconds;
