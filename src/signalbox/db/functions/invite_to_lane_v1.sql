-- A member lets somebody into a closed lane: they hear of it, and join. Who is in it or was invited already is passed over.
create function invite_to_lane_v1(ctx act_context, lane lanes, guest bigint) returns void language plpgsql as $$
declare
    seen_before text;
    is_new boolean;
begin
    if lane.access is null or lane.access = 'open' then
        perform refuse_v1(409, 'this lane is open: whoever wants to joins it with join_lane');
    end if;
    seen_before := see_lanes_v1('*');
    if not exists (
        select
        from lane_members m
        where m.project_id = ctx.project_id and m.lane = lane.lane and m.participation_id = guest
    ) then
        insert into lane_invitations (project_id, lane, participation_id, invited_by, invited_at)
        values (ctx.project_id, lane.lane, guest, ctx.actor, ctx.at)
        on conflict on constraint lane_invitations_pkey do nothing;
        is_new := found;
    end if;
    if is_new then
        perform know_lanes_v1(ctx, guest);
        perform append_event_v1(ctx, 'lane_invite', jsonb_build_object(
            'lane', lane.lane, 'participant', actor_v1(ctx, guest), 'closed_lane', '@' || guest));
    end if;
    perform see_lanes_v1(seen_before);
end $$;
