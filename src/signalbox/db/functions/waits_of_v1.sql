-- What some participants and tasks wait for, each edge with what it says: p<id> is a participant, t<id> a task. A
-- participant waits for who holds a surface, or came for it before. One of whose tasks some are blocked and none is in
-- progress waits for what blocks them; a task waits for its owner, and for the tasks it waits on.
-- Planned for this project: for any one, going through all its tasks looks as good as the index by owner and status.
create function waits_of_v1(project bigint, participants bigint[], waiting_tasks bigint[], at timestamptz)
returns table (node text, for_node text, is_lease boolean, step jsonb) stable language plpgsql
set plan_cache_mode = force_custom_plan as $$
begin
    return query
    select
        'p' || w.participation_id, 'p' || l.participation_id, true, jsonb_build_object(
            'actor', w.actor, 'waits_for', w.surface, 'held_by', l.actor, 'surface', l.surface, 'lease_id', l.lease_id)
    from lease_waiters w
    cross join lateral lease_conflicts_v1(project, w.participation_id, w.surface, w.mode, at) l
    where w.project_id = project and w.participation_id = any(participants) and w.waits_until > at
    union all
    select
        'p' || w.participation_id, 'p' || a.participation_id, true, jsonb_build_object(
            'actor', w.actor, 'waits_for', w.surface, 'behind', a.actor, 'surface', a.surface)
    from lease_waiters w
    cross join lateral waiters_ahead_v1(project, w, at) a
    where w.project_id = project and w.participation_id = any(participants) and w.waits_until > at
    union all
    select
        'p' || t.owner_id, 't' || b.on_task_id, false,
        jsonb_build_object('actor', t.owner, 'task_id', t.task_id, 'on', b.on_task_id)
    from unnest(participants) as p (participation_id)
    cross join lateral (
        select *
        from tasks q
        where q.project_id = project and q.owner_id = p.participation_id and q.status = 'blocked'
        order by q.task_id
        limit 100
    ) t
    cross join lateral (
        select *
        from task_blockers q
        where q.project_id = project and q.task_id = t.task_id and q.resolved_at is null and q.on_task_id is not null
        order by q.blocker_id
        limit 100
    ) b
    where (
        select true
        from tasks o
        where o.project_id = project and o.owner_id = p.participation_id and o.status = 'in_progress'
        limit 1
    ) is null
    union all
    select 't' || t.task_id, 'p' || t.owner_id, false, jsonb_build_object('task_id', t.task_id, 'owner', t.owner)
    from unnest(waiting_tasks) as w (task_id)
    cross join lateral (select * from tasks q where q.project_id = project and q.task_id = w.task_id limit 1) t
    where t.status in ('assigned', 'in_progress', 'blocked')
    union all
    select 't' || u.task_id, 't' || u.on_task_id, false, jsonb_build_object('task_id', u.task_id, 'on', u.on_task_id)
    from unresolved_v1(project, waiting_tasks) u
    limit 1000;
end $$;
