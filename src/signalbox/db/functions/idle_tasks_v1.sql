-- The tasks of a project whose holders are silent (agents only: people are not at their keyboards all night), or are in
-- the project no more. Silent is who has neither called nor been reachable for so long, and had the task before that.
-- Looked for holder by holder: a project has a thousand members at most.
create function idle_tasks_v1(project bigint, silence_seconds integer, at timestamptz, rows_max integer)
returns table (task tasks, holder members, reason text) stable language plpgsql as $$
begin
    return query
    select t.task, m, case
        when m.removed_at is not null then 'not in the project any more'
        else format('silent for %s minutes', silence_seconds / 60)
    end
    from members m
    left join presence w on w.project_id = project and w.participation_id = m.participation_id
    cross join lateral (
        select
            silence_seconds > 0
            and m.kind = 'agent'
            and coalesce(greatest(w.last_seen_at, w.reach_at), 'epoch') < at - make_interval(secs => silence_seconds)
            as is_silent
    ) s
    cross join unnest(array['assigned', 'in_progress', 'blocked']) as o (status)
    cross join lateral (
        select q as task
        from tasks q
        where q.project_id = project
            and q.owner_id = m.participation_id
            and q.status = o.status
            and (m.removed_at is not null or q.updated_at < at - make_interval(secs => silence_seconds))
        order by q.task_id
        limit rows_max
    ) t
    where m.project_id = project and (m.removed_at is not null or s.is_silent)
    limit rows_max;
end $$;
