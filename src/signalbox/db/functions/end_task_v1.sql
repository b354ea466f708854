-- The last step of a task. It waits on nothing any more, and nothing waits on it: blockers of others end, each with an
-- event of its task; dependencies are met, and which tasks can be started now (`ready`, 100 at most) stands in the event
-- of this one. So it is with tasks of closed lanes too, of which nothing is told but there.
create function end_task_v1(ctx act_context, task tasks, next_status text, event_type text, payload jsonb)
returns void language plpgsql as $$
declare
    dependents bigint[];
    ready bigint[];
    waiting tasks;
    seen_before text := see_lanes_v1('*');
begin
    if task.unmet > 0 then
        update task_blockers b
        set resolved_at = ctx.at
        where b.project_id = ctx.project_id and b.task_id = task.task_id and b.resolved_at is null;
        update task_dependencies d
        set resolved_at = ctx.at
        where d.project_id = ctx.project_id and d.task_id = task.task_id and d.resolved_at is null;
        perform count_unmet_v1(ctx.project_id, array[task.task_id]);
    end if;
    with met as (
        update task_dependencies d
        set resolved_at = ctx.at
        where d.project_id = ctx.project_id and d.on_task_id = task.task_id and d.resolved_at is null
        returning d.task_id
    )
    select array_agg(m.task_id) into dependents from met m;
    if dependents is not null then
        perform count_unmet_v1(ctx.project_id, dependents);
        select array_agg(r.task_id order by r.task_id) into ready
        from (
            select t.task_id
            from unnest(dependents) as d (task_id)
            cross join lateral (
                select * from tasks q where q.project_id = ctx.project_id and q.task_id = d.task_id limit 1
            ) t
            where t.unmet = 0
                and t.status in ('open', 'assigned')
                and (t.closed_lane is null or t.closed_lane = task.closed_lane)
            order by t.task_id
            limit 100
        ) r;
    end if;
    perform move_task_v1(ctx, task, next_status, event_type, payload || jsonb_build_object('ready', to_jsonb(ready)));
    for waiting in
        select t.*
        from (
            select distinct b.task_id
            from task_blockers b
            where b.project_id = ctx.project_id and b.on_task_id = task.task_id and b.resolved_at is null
        ) b
        cross join lateral (
            select * from tasks q where q.project_id = ctx.project_id and q.task_id = b.task_id limit 1
        ) t
        order by t.task_id
    loop
        perform unblock_v1(ctx, waiting, task.task_id);
    end loop;
    perform see_lanes_v1(seen_before);
end $$;
