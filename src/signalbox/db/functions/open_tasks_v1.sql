-- The open tasks that the caller sees, those first that can be taken up, by priority and age; then those that wait for
-- least. Tasks of closed lanes are looked for lane by lane, so that nobody walks past those of others.
create function open_tasks_v1(project bigint, wanted_lane text, rows_max integer)
returns setof tasks stable language plpgsql as $$
begin
    if wanted_lane is not null then
        return query
        select *
        from tasks t
        where t.project_id = project and t.lane = wanted_lane and t.status = 'open'
        order by t.unmet, t.priority, t.task_id
        limit rows_max;
        return;
    end if;
    return query
    select o.*
    from (
        (
            select *
            from tasks t
            where t.project_id = project and t.status = 'open' and t.closed_lane is null
            order by t.unmet, t.priority, t.task_id
            limit rows_max
        )
        union all
        select c.*
        from unnest(own_lanes_v1()) as l (lane)
        cross join lateral (
            select *
            from tasks t
            where t.project_id = project and t.lane = l.lane and t.closed_lane = l.lane and t.status = 'open'
            order by t.unmet, t.priority, t.task_id
            limit rows_max
        ) c
    ) o
    order by o.unmet, o.priority, o.task_id
    limit rows_max;
end $$;
