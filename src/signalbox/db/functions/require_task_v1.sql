-- A task in one of the states a step starts from, and a caller who may take the step: its owner or a lead.
-- The state comes first, so that who loses a race hears who won it.
create function require_task_v1(ctx act_context, wanted bigint, legal text[], step text)
returns tasks language plpgsql as $$
declare
    task tasks := find_task_v1(ctx, wanted);
begin
    if task.status <> all(legal) then
        perform refuse_v1(409,
            format('task %s is %s%s: %s needs it %s', wanted, task.status, coalesce(' (' || task.owner || ')', ''),
                step, array_to_string(legal, ' or ')),
            jsonb_strip_nulls(jsonb_build_object('task_id', wanted, 'status', task.status, 'owner', task.owner)));
    end if;
    if task.owner_id is distinct from ctx.participation_id and ctx.role <> 'lead' then
        perform refuse_v1(403,
            format('task %s belongs to %s: only its owner or a lead may do that', wanted, task.owner),
            jsonb_build_object('task_id', wanted, 'status', task.status, 'owner', task.owner));
    end if;
    return task;
end $$;
