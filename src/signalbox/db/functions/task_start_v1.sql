-- Takes up an assigned task that waits on nothing: of callers at once one starts it and the others hear that it is in
-- progress.
create function task_start_v1(act act_ref, wanted bigint) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    task tasks;
    waits_on bigint[];
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    task := require_task_v1(ctx, wanted, '{assigned}', 'task_start');
    if task.unmet > 0 then
        select array_agg(distinct u.on_task_id order by u.on_task_id) into waits_on
        from unresolved_v1(ctx.project_id, array[wanted]) u;
        perform refuse_v1(409,
            format('task %s waits%s: start it when that is done, or say with task_resolve that it need not wait',
                wanted, coalesce(' on task ' || array_to_string(waits_on, ', '), '')),
            jsonb_strip_nulls(jsonb_build_object(
                'task_id', wanted, 'status', task.status, 'owner', task.owner, 'waits_on', to_jsonb(waits_on))));
    end if;
    perform move_task_v1(ctx, task, 'in_progress', 'task_start', '{}');
    return finish_act_v1(act, ctx, jsonb_build_object(
        'task_id', wanted, 'status', 'in_progress', 'owner', task.owner));
end $$;
