-- Says where the caller works and on what. The lane it was registered in before is left; one it was
-- granted stays its own. Registering the same again while still present changes nothing but liveness.
create or replace function register_v1(act act_ref, lane_name text, new_status text)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    before presence;
    is_same boolean;
    since timestamptz;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    select * into before
    from presence p
    where p.project_id = ctx.project_id and p.participation_id = ctx.participation_id;
    is_same := before.registered_at is not null
        and before.lane = lane_name
        and before.status is not distinct from new_status;
    since := case when is_same then before.registered_at else ctx.at end;
    insert into presence as p (project_id, participation_id, lane, status, registered_at, last_seen_at)
    values (ctx.project_id, ctx.participation_id, lane_name, new_status, since, ctx.at)
    on conflict on constraint presence_pkey do update
    set lane = excluded.lane, status = excluded.status, registered_at = excluded.registered_at,
        last_seen_at = greatest(p.last_seen_at, excluded.last_seen_at);
    delete from lane_members m
    where m.project_id = ctx.project_id
        and m.participation_id = ctx.participation_id
        and m.origin = 'registered'
        and m.lane <> lane_name;
    perform join_lane_v1(ctx, ctx.participation_id, lane_name, 'registered');
    if not is_same then
        perform append_event_v1(ctx, 'register', jsonb_build_object('lane', lane_name, 'status', new_status));
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object(
        'actor', ctx.actor, 'lane', lane_name, 'status', new_status, 'registered_at', since));
end $$;
