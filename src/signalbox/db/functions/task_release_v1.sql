-- Gives a task back: it is open again, and whoever asks for work next may get it. What it waits on it goes on waiting
-- for.
create function task_release_v1(act act_ref, wanted bigint, note text) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    task tasks;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    task := require_task_v1(ctx, wanted, '{assigned,in_progress,blocked}', 'task_release');
    perform give_back_task_v1(ctx, task, jsonb_build_object('note', task_release_v1.note));
    return finish_act_v1(act, ctx, jsonb_build_object('task_id', wanted, 'status', 'open'));
end $$;
