-- Names who is to do a task. An open one may be assigned by anybody; one that has an owner moves on only by
-- that owner, by who created it, or by a lead. Naming the owner it has changes nothing.
create function task_assign_v1(act act_ref, wanted bigint, owner_name text)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    task tasks;
    new_owner members;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    new_owner := resolve_actor_v1(ctx.project_id, owner_name);
    task := find_task_v1(ctx, wanted);
    if task.status not in ('open', 'assigned') then
        perform refuse_v1(409,
            format('task %s is %s%s: only an open or assigned one can be assigned', wanted, task.status,
                coalesce(' (' || task.owner || ')', '')),
            jsonb_strip_nulls(jsonb_build_object('task_id', wanted, 'status', task.status, 'owner', task.owner)));
    end if;
    if task.owner_id is distinct from new_owner.participation_id then
        perform require_insider_v1(new_owner, task.closed_lane);
        if task.owner_id is not null and task.owner_id <> ctx.participation_id
            and ctx.role <> 'lead'
            and not created_task_v1(ctx, task)
        then
            perform refuse_v1(403,
                format('task %s is assigned to %s: its owner, its creator or a lead may hand it on', wanted, task.owner),
                jsonb_build_object('task_id', wanted, 'status', task.status, 'owner', task.owner));
        end if;
        task.owner_id := new_owner.participation_id;
        task.owner := new_owner.actor;
        perform move_task_v1(ctx, task, 'assigned', 'task_assign', '{}');
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object('task_id', wanted, 'status', 'assigned', 'owner', new_owner.actor));
end $$;
