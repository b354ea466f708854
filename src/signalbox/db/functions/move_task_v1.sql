-- A step of a task, to the owner that `task` has by now: compare and set, then the event that names it. The head lock
-- makes a lost race here impossible; that none is lost is checked all the same.
create function move_task_v1(ctx act_context, task tasks, next_status text, event_type text, payload jsonb)
returns void language plpgsql as $$
begin
    update tasks t
    set status = next_status, owner_id = task.owner_id, owner = task.owner, updated_at = ctx.at
    where t.project_id = ctx.project_id and t.task_id = task.task_id and t.status = task.status;
    if not found then
        perform refuse_v1(409, format('task %s has just changed: look again', task.task_id));
    end if;
    perform append_event_v1(ctx, event_type,
        jsonb_build_object(
            'task_id', task.task_id, 'status', next_status, 'owner', task.owner, 'closed_lane', task.closed_lane)
        || payload);
end $$;
