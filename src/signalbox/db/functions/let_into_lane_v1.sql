-- A member puts somebody else into a closed lane at once, with an event for those who are in it.
create function let_into_lane_v1(ctx act_context, guest bigint, lane_name text) returns void language plpgsql as $$
begin
    if not exists (
        select
        from lane_members m
        where m.project_id = ctx.project_id and m.lane = lane_name and m.participation_id = guest
    ) then
        perform admit_v1(ctx, guest, lane_name);
        perform append_event_v1(ctx, 'join_lane', jsonb_build_object(
            'lane', lane_name, 'participant', actor_v1(ctx, guest), 'closed_lane', lane_name));
    end if;
end $$;
