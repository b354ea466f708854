-- Says where the caller works and on what. The lane it was registered in before is left; one it was granted or joined
-- stays its own. In a closed lane only who is in it registers, and only they see it there; for all others it is where it
-- was before. Registering the same again while still present changes nothing but liveness.
create function register_v1(act act_ref, lane_name text, new_status text)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    before presence;
    is_same boolean;
    since timestamptz;
    closed text;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    closed := closed_lane_v1(ctx, lane_name);
    select * into before
    from presence p
    where p.project_id = ctx.project_id and p.participation_id = ctx.participation_id;
    is_same := before.registered_at is not null
        and before.closed_lane is not distinct from closed
        and coalesce(closed, before.lane) = lane_name
        and case when closed is null then before.status else before.closed_status end is not distinct from new_status;
    since := case when is_same then before.registered_at else ctx.at end;
    insert into presence as p
        (project_id, participation_id, lane, status, closed_lane, closed_status, registered_at, last_seen_at)
    values
        (ctx.project_id, ctx.participation_id, case when closed is null then lane_name else before.lane end,
            case when closed is null then new_status else before.status end, closed,
            case when closed is not null then new_status end, since, ctx.at)
    on conflict on constraint presence_pkey do update
    set lane = excluded.lane, status = excluded.status, closed_lane = excluded.closed_lane,
        closed_status = excluded.closed_status, registered_at = excluded.registered_at,
        last_seen_at = greatest(p.last_seen_at, excluded.last_seen_at);
    if closed is null then
        delete from lane_members m
        where m.project_id = ctx.project_id
            and m.participation_id = ctx.participation_id
            and m.origin = 'registered'
            and m.lane <> lane_name;
        perform join_lane_v1(ctx, ctx.participation_id, lane_name, 'registered');
    end if;
    if not is_same then
        perform append_event_v1(ctx, 'register', jsonb_build_object(
            'lane', lane_name, 'status', new_status, 'closed_lane', closed));
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object(
        'actor', ctx.actor, 'lane', lane_name, 'status', new_status, 'registered_at', since));
end $$;
