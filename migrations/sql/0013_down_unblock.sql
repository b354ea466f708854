-- Ends open blockers of a task (those on one other task, or all) and lets it go on when none is left. Answers
-- how many it ended; each call that ends some leaves one event.
create or replace function unblock_v1(ctx act_context, task tasks, on_task bigint) returns integer language plpgsql as $$
declare
    ended integer[];
    next_status text := task.status;
begin
    with resolved as (
        update task_blockers b
        set resolved_at = ctx.at
        where b.project_id = ctx.project_id
            and b.task_id = task.task_id
            and b.resolved_at is null
            and (on_task is null or b.on_task_id = on_task)
        returning b.blocker_id
    )
    select array_agg(r.blocker_id order by r.blocker_id) into ended from resolved r;
    if ended is null then
        return 0;
    end if;
    if not exists (
        select 1
        from task_blockers b
        where b.project_id = ctx.project_id and b.task_id = task.task_id and b.resolved_at is null
    ) then
        next_status := 'in_progress';
    end if;
    perform move_task_v1(ctx, task, next_status, 'task_resolve',
        jsonb_build_object('blocker_ids', to_jsonb(ended), 'blocker', on_task));
    return cardinality(ended);
end $$;
