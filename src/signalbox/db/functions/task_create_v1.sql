-- A new task: assigned at once when an owner is named, else open.
create function task_create_v1(act act_ref, title text, detail text, lane_name text, owner_name text)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    owner members;
    new_task_id bigint := ctx.task_head + 1;
    closed text;
    new_status text := case when owner_name is null then 'open' else 'assigned' end;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    if owner_name is not null then
        owner := resolve_actor_v1(ctx.project_id, owner_name);
    end if;
    closed := closed_lane_v1(ctx, lane_name);
    if owner.participation_id is not null then
        perform require_insider_v1(owner, closed);
    end if;
    insert into tasks
        (project_id, task_id, title, detail, lane, status, owner_id, owner, created_by, created_at, updated_at,
            closed_lane)
    values
        (ctx.project_id, new_task_id, title, detail, lane_name, new_status, owner.participation_id, owner.actor,
            ctx.actor, ctx.at, ctx.at, closed);
    perform append_event_v1(ctx, 'task_create', jsonb_build_object(
        'task_id', new_task_id, 'title', title, 'lane', lane_name, 'status', new_status, 'owner', owner.actor,
        'closed_lane', closed));
    return finish_act_v1(act, ctx, jsonb_build_object(
        'task_id', new_task_id, 'status', new_status, 'owner', owner.actor));
end $$;
