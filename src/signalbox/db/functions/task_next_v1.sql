-- Takes the next task that can be taken up and starts it: open or assigned to the caller, waiting on nothing, the most
-- urgent first and of those the oldest. Exactly one caller gets it. Where there is none, says which tasks hold up most
-- of those that wait; that is not kept for a repeated key, which asks again.
create function task_next_v1(act act_ref, wanted_lane text) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    task tasks;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    perform closed_lane_v1(ctx, wanted_lane);
    task := ready_task_v1(ctx.project_id, ctx.participation_id, wanted_lane);
    if task.task_id is null then
        return finish_act_v1(null, ctx, held_up_v1(ctx.project_id, wanted_lane));
    end if;
    task.owner_id := ctx.participation_id;
    task.owner := ctx.actor;
    perform move_task_v1(ctx, task, 'in_progress', 'task_start', '{}');
    return finish_act_v1(act, ctx, jsonb_build_object('task', taken_task_v1(ctx.project_id, task.task_id)));
end $$;
