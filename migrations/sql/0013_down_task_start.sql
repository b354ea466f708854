-- Takes up an assigned task: of callers at once one starts it and the others hear that it is in progress.
create or replace function task_start_v1(act act_ref, wanted bigint) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    task tasks;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    task := require_task_v1(ctx, wanted, '{assigned}', 'task_start');
    perform move_task_v1(ctx, task, 'in_progress', 'task_start', '{}');
    return finish_act_v1(act, ctx, jsonb_build_object(
        'task_id', wanted, 'status', 'in_progress', 'owner', task.owner));
end $$;
