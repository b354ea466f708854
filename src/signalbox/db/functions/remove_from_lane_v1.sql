-- Takes somebody out of a lane, or takes back that they were invited: its members hear of it, and the one it is about.
create function remove_from_lane_v1(ctx act_context, lane lanes, lane_name text, guest bigint) returns void
language plpgsql as $$
declare
    actor text := actor_v1(ctx, guest);
    is_closed boolean := coalesce(lane.access, 'open') <> 'open';
    seen_before text;
    was_there boolean;
begin
    perform may_shape_lane_v1(ctx, lane, lane_name, 'take others out of it');
    seen_before := see_lanes_v1('*');
    was_there := exists (
        select
        from lane_members m
        where m.project_id = ctx.project_id and m.lane = lane_name and m.participation_id = guest
    );
    delete from lane_invitations i
    where i.project_id = ctx.project_id and i.lane = lane_name and i.participation_id = guest;
    if was_there or found then
        perform append_event_v1(ctx, 'leave_lane', jsonb_build_object(
            'lane', lane_name, 'participant', actor, 'closed_lane', case when is_closed then lane_name end));
        if is_closed then
            perform append_event_v1(ctx, 'leave_lane', jsonb_build_object(
                'lane', lane_name, 'participant', actor, 'closed_lane', '@' || guest));
        end if;
    end if;
    if was_there then
        perform quit_lane_v1(ctx, guest, lane_name);
    end if;
    perform see_lanes_v1(seen_before);
end $$;
