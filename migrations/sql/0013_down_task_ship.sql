-- Finishes a task, and with it every blocker that waited on it.
create or replace function task_ship_v1(act act_ref, wanted bigint) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    task tasks;
    waiting tasks;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    task := require_task_v1(ctx, wanted, '{in_progress}', 'task_ship');
    perform move_task_v1(ctx, task, 'done', 'task_ship', '{}');
    for waiting in
        select t.*
        from tasks t
        where t.project_id = ctx.project_id
            and t.task_id in (
                select b.task_id
                from task_blockers b
                where b.project_id = ctx.project_id and b.on_task_id = wanted and b.resolved_at is null
            )
        order by t.task_id
    loop
        perform unblock_v1(ctx, waiting, wanted);
    end loop;
    return finish_act_v1(act, ctx, jsonb_build_object('task_id', wanted, 'status', 'done', 'owner', task.owner));
end $$;
