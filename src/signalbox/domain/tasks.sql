-- name: tasks_by_status
-- First where the status is not a final one and no owner is named: tasks under way are few, however many are done, and
-- the rest is looked at one by one. What lists show of a task stands in the view.
select
    t.task_id, t.title, t.lane, t.owner, t.status, t.blockers, t.priority, t.ref, t.depends_on, t.ready
from listed_tasks t
where t.project_id = :project_id
    and t.status = :status
    and t.task_id < :before
    and (:lane::text is null or t.lane = :lane)
order by t.task_id desc
limit :limit;

-- name: tasks_by_owner
-- The owner is resolved first and filtered by id, so that tasks follow the participant and not its name. One index, of
-- owner and status, serves each status by itself: with an index of the owner alone beside it, the planner takes either.
select
    t.task_id, t.title, t.lane, t.owner, t.status, t.blockers, t.priority, t.ref, t.depends_on, t.ready
from unnest(array['open', 'assigned', 'in_progress', 'blocked', 'done', 'cancelled']) s (status)
cross join lateral (
    select *
    from listed_tasks q
    where q.project_id = :project_id
        and q.owner_id = (select r.participation_id from resolve_actor_v1(:project_id, :owner, true) r)
        and q.status = s.status
        and q.task_id < :before
        and (:lane::text is null or q.lane = :lane)
    order by q.task_id desc
    limit :limit
) t
where :status::text is null or s.status = :status
order by t.task_id desc
limit :limit;

-- name: tasks_by_lane
select
    t.task_id, t.title, t.lane, t.owner, t.status, t.blockers, t.priority, t.ref, t.depends_on, t.ready
from listed_tasks t
where t.project_id = :project_id
    and t.lane = :lane
    and t.task_id < :before
    and (:status::text is null or t.status = :status)
order by t.task_id desc
limit :limit;

-- name: any_tasks
select
    t.task_id, t.title, t.lane, t.owner, t.status, t.blockers, t.priority, t.ref, t.depends_on, t.ready
from listed_tasks t
where t.project_id = :project_id
    and t.task_id < :before
order by t.task_id desc
limit :limit;

-- name: ready_tasks
-- Open, and waiting on nothing. What is taken up first stands first in their index, so each priority is read by itself;
-- tasks of closed lanes are found lane by lane.
select
    t.task_id, t.title, t.lane, t.owner, t.status, t.blockers, t.priority, t.ref, t.depends_on, t.ready
from (
    select o.*
    from unnest(array[1, 2, 3]) p (rank)
    cross join lateral (
        select *
        from listed_tasks q
        where q.project_id = :project_id
            and q.closed_lane is null
            and q.status = 'open'
            and q.unmet = 0
            and q.rank = p.rank
            and q.task_id < :before
        order by q.task_id desc
        limit :limit
    ) o
    union all
    select c.*
    from unnest(own_lanes_v1()) l (lane)
    cross join unnest(array[1, 2, 3]) p (rank)
    cross join lateral (
        select *
        from listed_tasks q
        where q.project_id = :project_id
            and q.lane = l.lane
            and q.closed_lane = l.lane
            and q.status = 'open'
            and q.unmet = 0
            and q.rank = p.rank
            and q.task_id < :before
        order by q.task_id desc
        limit :limit
    ) c
) t
where :status::text is null or :status = 'open'
order by t.task_id desc
limit :limit;

-- name: ready_tasks_of_lane
select
    t.task_id, t.title, t.lane, t.owner, t.status, t.blockers, t.priority, t.ref, t.depends_on, t.ready
from unnest(array[1, 2, 3]) p (rank)
cross join lateral (
    select *
    from listed_tasks q
    where q.project_id = :project_id
        and q.lane = :lane
        and q.status = 'open'
        and q.unmet = 0
        and q.rank = p.rank
        and q.task_id < :before
    order by q.task_id desc
    limit :limit
) t
where :status::text is null or :status = 'open'
order by t.task_id desc
limit :limit;

-- name: ready_tasks_of_owner
-- Assigned to somebody, and waiting on nothing.
select
    t.task_id, t.title, t.lane, t.owner, t.status, t.blockers, t.priority, t.ref, t.depends_on, t.ready
from unnest(array[1, 2, 3]) p (rank)
cross join lateral (
    select *
    from listed_tasks q
    where q.project_id = :project_id
        and q.owner_id = (select r.participation_id from resolve_actor_v1(:project_id, :owner, true) r)
        and q.status = 'assigned'
        and (:lane::text is null or q.lane = :lane)
        and q.unmet = 0
        and q.rank = p.rank
        and q.task_id < :before
    order by q.task_id desc
    limit :limit
) t
where :status::text is null or :status = 'assigned'
order by t.task_id desc
limit :limit;

-- name: whole_task
-- One task with what it depends on and its blockers; its history is read from the ledger.
select
    t.task_id, t.title, t.lane, t.owner, t.status, t.blockers, t.priority, t.ref, t.depends_on, t.ready,
    t.detail, t.created_by, t.created_at, t.updated_at,
    task_dependencies_v1(:project_id, t.task_id) as dependencies,
    coalesce((
        select jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'blocker_id', b.blocker_id, 'on', b.on_task_id, 'reason', b.reason, 'actor', b.actor,
            'created_at', b.created_at, 'resolved_at', b.resolved_at)) order by b.blocker_id)
        from task_blockers b
        where b.project_id = :project_id and b.task_id = t.task_id
    ), '[]') as blocked_by
from listed_tasks t
where t.project_id = :project_id and t.task_id = :task_id
order by t.task_id
limit 1;

-- name: task_history
-- The newest 200 events that name the task, oldest first.
select h.id, h.ts, h.actor, h.type, h.payload
from (
    select e.seq as id, e.at as ts, e.actor, e.type, e.payload
    from events e
    where e.project_id = :project_id and e.task_id = :task_id
    order by e.seq desc
    limit 200
) h
order by h.id
limit 200;
