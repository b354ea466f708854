-- Finishes a task; what waited on it goes on.
create function task_ship_v1(act act_ref, wanted bigint) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    task tasks;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    task := require_task_v1(ctx, wanted, '{in_progress}', 'task_ship');
    perform end_task_v1(ctx, task, 'done', 'task_ship', '{}');
    return finish_act_v1(act, ctx, jsonb_build_object('task_id', wanted, 'status', 'done', 'owner', task.owner));
end $$;
