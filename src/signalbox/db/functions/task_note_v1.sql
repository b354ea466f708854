-- Says how a task goes, or what is to be known about it. Anybody may; it stands in the task's history.
create function task_note_v1(act act_ref, wanted bigint, note text) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    task tasks;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    task := find_task_v1(ctx, wanted);
    perform append_event_v1(ctx, 'task_note', jsonb_build_object(
        'task_id', wanted, 'note', task_note_v1.note, 'closed_lane', task.closed_lane));
    return finish_act_v1(act, ctx, jsonb_build_object('task_id', wanted, 'status', task.status, 'owner', task.owner));
end $$;
