-- Lets a new task depend on others; answers for how many of them it has to wait. A thousand may wait on one task.
create function depend_task_v1(ctx act_context, new_task_id bigint, depends_on bigint[], closed text)
returns integer language plpgsql as $$
declare
    other_id bigint;
    other tasks;
    waits integer := 0;
begin
    for other_id in select distinct d.id from unnest(depends_on) as d (id) order by d.id loop
        other := find_task_v1(ctx, other_id);
        perform may_wait_on_v1(other, closed);
        if other.status = 'cancelled' then
            perform refuse_v1(409, format('task %s was cancelled: nothing to wait for', other_id),
                jsonb_build_object('task_id', other_id, 'status', other.status));
        elsif (
            select count(*)
            from task_dependencies d
            where d.project_id = ctx.project_id and d.on_task_id = other_id and d.resolved_at is null
        ) >= 1000 then
            perform refuse_v1(429, format('1000 tasks wait on task %s, the most that can: depend on one of them', other_id));
        end if;
        insert into task_dependencies (project_id, task_id, on_task_id, resolved_at)
        values (ctx.project_id, new_task_id, other_id, case when other.status = 'done' then ctx.at end);
        waits := waits + (other.status <> 'done')::integer;
    end loop;
    return waits;
end $$;
