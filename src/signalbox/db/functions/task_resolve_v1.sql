-- Says that what blocked a task is out of the way. Anybody may: who removed it is often not the owner.
create function task_resolve_v1(act act_ref, wanted bigint, blocker bigint) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    task tasks;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    task := find_task_v1(ctx, wanted);
    if unblock_v1(ctx, task, blocker) = 0 and blocker is not null then
        perform refuse_v1(404, format('task %s does not wait on task %s: list_tasks(task_id=%s) shows its blockers', wanted, blocker, wanted));
    end if;
    task := find_task_v1(ctx, wanted);
    return finish_act_v1(act, ctx, jsonb_build_object(
        'task_id', wanted, 'status', task.status, 'owner', task.owner));
end $$;
