-- How a lease is held: shared ones get along with each other. And how long it was asked for, to be renewed as long.
alter table leases add column mode text not null default 'exclusive';
alter table leases add constraint leases_mode_known check (mode in ('exclusive', 'shared'));
alter table leases add column ttl_seconds integer;

-- Who waits for a surface that others hold; place, the seq of its event, is the order of arrival. waits_until is two
-- minutes after its last sign: bookkeeping, written without the head lock; room on the page keeps that out of the key.
create table lease_waiters (
    project_id bigint not null,
    participation_id bigint not null,
    surface text collate "C" not null,
    fixed text collate "C" not null,
    mode text not null,
    place bigint not null,
    actor text not null,
    queued_at timestamptz not null,
    waits_until timestamptz not null,
    constraint lease_waiters_pkey primary key (project_id, participation_id, surface),
    constraint lease_waiters_mode_known check (mode in ('exclusive', 'shared'))
) with (fillfactor = 50);
create index lease_waiters_by_place on lease_waiters (project_id, place);

-- Which tasks a task waits on before it may begin: named when it is made. resolved_at: since when it waits no more.
create table task_dependencies (
    project_id bigint not null,
    task_id bigint not null,
    on_task_id bigint not null,
    resolved_at timestamptz,
    constraint task_dependencies_pkey primary key (project_id, task_id, on_task_id)
);
create index task_dependencies_open_on on task_dependencies (project_id, on_task_id) where resolved_at is null;

-- priority: 1 high, 2 normal, 3 low. unmet: how many dependencies and blockers keep a task from being started.
alter table tasks add column priority smallint not null default 2;
alter table tasks add column ref text;
alter table tasks add column unmet integer not null default 0;
alter table tasks add constraint tasks_priority_known check (priority between 1 and 3);
alter table tasks drop constraint tasks_status_known;
alter table tasks add constraint tasks_status_known
    check (status in ('open', 'assigned', 'in_progress', 'blocked', 'done', 'cancelled'));
alter table tasks drop constraint tasks_owned;
alter table tasks add constraint tasks_owned check (status = 'cancelled' or (status = 'open') = (owner_id is null));
select set_config('signalbox.project_ids', coalesce((select string_agg(project_id::text, ',') from projects), ''), true);
update tasks t
set unmet = (
    select count(*)
    from task_blockers b
    where b.project_id = t.project_id and b.task_id = t.task_id and b.resolved_at is null
)
where t.status = 'blocked';
-- What can be taken up has unmet = 0 and is found by priority, then age; what waits stands behind it.
-- What is open in a closed lane is found by its lane.
create index tasks_open on tasks (project_id, unmet, priority, task_id) where status = 'open' and closed_lane is null;
create index tasks_open_by_lane on tasks (project_id, lane, unmet, priority, task_id)
    where status = 'open' and lane is not null;
create index tasks_assigned_by_owner on tasks (project_id, owner_id, unmet, priority, task_id)
    where status = 'assigned';

-- What became of a claimed number, written once; the rest of a claim is never written again.
alter table claims add column outcome text;
alter table claims add column settled_ref text;
alter table claims add column settled_by text;
alter table claims add column settled_at timestamptz;
alter table claims add constraint claims_outcome_known check (outcome in ('committed', 'void'));
create index claims_unsettled on claims (project_id, sequence, seq) where outcome is null;

-- A task as lists show it. Row security is that of who asks.
create view listed_tasks with (security_invoker) as
select
    t.project_id, t.task_id, t.title, t.lane, t.owner_id, t.owner, t.status, t.unmet, t.priority as rank,
    (array['high', null, 'low'])[t.priority] as priority,
    t.ref, t.detail, t.created_by, t.created_at, t.updated_at, t.closed_lane,
    (
        select array_agg(d.on_task_id order by d.on_task_id)
        from task_dependencies d
        where d.project_id = t.project_id and d.task_id = t.task_id
    ) as depends_on,
    case when t.status in ('open', 'assigned') then (
        select t.unmet = 0
        from task_dependencies d
        where d.project_id = t.project_id and d.task_id = t.task_id
        limit 1
    ) end as ready,
    (
        select count(*)
        from task_blockers b
        where b.project_id = t.project_id and b.task_id = t.task_id and b.resolved_at is null
    ) as blockers
from tasks t;
