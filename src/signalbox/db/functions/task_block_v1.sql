-- Records why a task cannot go on, and on which other task it waits if any; never in a circle, be it of tasks or of
-- participants who wait for each other's tasks and leases.
create function task_block_v1(act act_ref, wanted bigint, reason text, on_task bigint)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    task tasks;
    other tasks;
    circle boolean;
    new_blocker_id integer;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    task := require_task_v1(ctx, wanted, '{in_progress,blocked}', 'task_block');
    if on_task is not null then
        other := find_task_v1(ctx, on_task);
        perform may_wait_on_v1(other, task.closed_lane);
        if other.status in ('done', 'cancelled') then
            perform refuse_v1(409, format('task %s is %s already: nothing to wait for', on_task, other.status),
                jsonb_build_object('task_id', on_task, 'status', other.status));
        end if;
        with recursive waits_on as (
            select on_task as task_id
            union
            select u.on_task_id
            from waits_on w
            cross join lateral unresolved_v1(ctx.project_id, array[w.task_id]) u
        )
        select exists (select 1 from waits_on w where w.task_id = wanted) into circle;
        if circle then
            perform refuse_v1(409, format('task %s waits on task %s already: blocking it on that would never end', on_task, wanted),
                jsonb_build_object('task_id', wanted, 'on', on_task));
        end if;
    end if;
    select count(*) + 1 into new_blocker_id
    from task_blockers b
    where b.project_id = ctx.project_id and b.task_id = wanted;
    if new_blocker_id > 1000 then
        perform refuse_v1(429, format('task %s has had 1000 blockers, the most it can: ship it or make a new one', wanted));
    end if;
    insert into task_blockers (project_id, task_id, blocker_id, on_task_id, reason, actor, created_at)
    values (ctx.project_id, wanted, new_blocker_id, on_task, task_block_v1.reason, ctx.actor, ctx.at);
    perform count_unmet_v1(ctx.project_id, array[wanted]);
    perform move_task_v1(ctx, task, 'blocked', 'task_block',
        jsonb_build_object('blocker_id', new_blocker_id, 'on', on_task, 'reason', task_block_v1.reason));
    if on_task is not null then
        perform refuse_circle_v1(ctx, task.owner_id, format('blocking task %s on task %s', wanted, on_task));
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object(
        'task_id', wanted, 'status', 'blocked', 'owner', task.owner, 'on', on_task));
end $$;
