-- Opens a task again that somebody has; the event says who had it.
create function give_back_task_v1(ctx act_context, task tasks, payload jsonb) returns void language plpgsql as $$
declare
    had text := task.owner;
begin
    task.owner_id := null;
    task.owner := null;
    perform move_task_v1(ctx, task, 'open', 'task_release', payload || jsonb_build_object('from', had));
end $$;
