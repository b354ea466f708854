-- A new task: assigned at once when an owner is named, else open. What it depends on is there already, so that it
-- closes no circle; of that, what is done it need not wait for, and what was cancelled it cannot wait for.
create function task_create_v2(
    act act_ref, title text, detail text, lane_name text, owner_name text, depends_on bigint[], priority_name text,
    ref text
)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    owner members;
    new_task_id bigint := ctx.task_head + 1;
    new_status text := case when owner_name is null then 'open' else 'assigned' end;
    closed text;
    waits integer := 0;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    closed := closed_lane_v1(ctx, lane_name);
    if owner_name is not null then
        owner := resolve_actor_v1(ctx.project_id, owner_name);
        perform require_insider_v1(owner, closed);
    end if;
    if depends_on is not null then
        waits := depend_task_v1(ctx, new_task_id, depends_on, closed);
    end if;
    insert into tasks
        (project_id, task_id, title, detail, lane, status, owner_id, owner, created_by, created_at, updated_at,
            closed_lane, priority, ref, unmet)
    values
        (ctx.project_id, new_task_id, title, detail, lane_name, new_status, owner.participation_id, owner.actor,
            ctx.actor, ctx.at, ctx.at, closed, case priority_name when 'high' then 1 when 'low' then 3 else 2 end,
            task_create_v2.ref, waits);
    perform append_event_v1(ctx, 'task_create', jsonb_build_object(
        'task_id', new_task_id, 'title', title, 'lane', lane_name, 'status', new_status, 'owner', owner.actor,
        'depends_on', to_jsonb(depends_on), 'priority', nullif(priority_name, 'normal'), 'ref', task_create_v2.ref,
        'closed_lane', closed));
    return finish_act_v1(act, ctx, jsonb_build_object(
        'task_id', new_task_id, 'status', new_status, 'owner', owner.actor));
end $$;
