-- Ends a task that nobody is to do any more: by who made it, its owner or a lead. What waited on it goes on, as if it
-- were done: whoever takes that up sees that it was not.
create function task_cancel_v1(act act_ref, wanted bigint, reason text) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    task tasks;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    task := find_task_v1(ctx, wanted);
    if task.status in ('done', 'cancelled') then
        perform refuse_v1(409,
            format('task %s is %s already%s', wanted, task.status, coalesce(' (' || task.owner || ')', '')),
            jsonb_strip_nulls(jsonb_build_object('task_id', wanted, 'status', task.status, 'owner', task.owner)));
    elsif task.owner_id is distinct from ctx.participation_id
        and ctx.role <> 'lead'
        and not created_task_v1(ctx, task)
    then
        perform refuse_v1(403,
            format('task %s was made by %s: its creator, its owner or a lead may cancel it', wanted, task.created_by),
            jsonb_strip_nulls(jsonb_build_object('task_id', wanted, 'status', task.status, 'owner', task.owner)));
    end if;
    perform end_task_v1(ctx, task, 'cancelled', 'task_cancel', jsonb_build_object('reason', task_cancel_v1.reason));
    return finish_act_v1(act, ctx, jsonb_build_object('task_id', wanted, 'status', 'cancelled', 'owner', task.owner));
end $$;
