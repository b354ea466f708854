-- Closes a lane, or opens it. Who is in it while it is closed is an insider, and stays one when it is opened; who closes
-- one that was closed before must be, since others will see what was said there then. Names of closed lanes stand nowhere
-- where everybody sees them: not as the lane of a participation, an invite or somebody who is present.
create function shut_lane_v1(ctx act_context, lane lanes, new_access text) returns lanes language plpgsql as $$
declare
    seen_before text;
    member bigint;
    inside bigint[];
begin
    if lane.access = 'secret' or new_access = 'secret' then
        perform refuse_v1(409, 'a secret lane stays secret: make another one');
    end if;
    perform may_shape_lane_v1(ctx, lane, lane.lane, 'say who sees it');
    if lane.was_closed and not sees_lane_v1(lane.lane) then
        perform refuse_v1(403, format('lane %L was closed before: only who was in it then may close it again', lane.lane));
    end if;
    seen_before := see_lanes_v1('*');
    lane.access := new_access;
    lane.was_closed := true;
    update lanes l
    set access = new_access, was_closed = true
    where l.project_id = ctx.project_id and l.lane = lane.lane;
    perform from presence p  -- heartbeats write them, too: in the same order
    where p.project_id = ctx.project_id and lane.lane in (p.lane, p.closed_lane)
    order by p.participation_id
    for update;
    if new_access = 'private' then
        update participations p set lane = null where p.project_id = ctx.project_id and p.lane = lane.lane;
        update invites i set lane = null where i.project_id = ctx.project_id and i.lane = lane.lane;
        update presence p
        set lane = null, status = null, closed_lane = lane.lane, closed_status = p.status
        where p.project_id = ctx.project_id and p.lane = lane.lane;
        update lane_members m
        set origin = 'joined', is_insider = true, closed_lane = lane.lane
        where m.project_id = ctx.project_id and m.lane = lane.lane;
        perform admit_v1(ctx, ctx.participation_id, lane.lane);
        inside := array(
            select m.participation_id from lane_members m where m.project_id = ctx.project_id and m.lane = lane.lane);
        foreach member in array inside loop
            perform know_lanes_v1(ctx, member);
        end loop;
    else
        update presence p
        set lane = lane.lane, status = p.closed_status, closed_lane = null, closed_status = null
        where p.project_id = ctx.project_id and p.closed_lane = lane.lane;
        update lane_members m set closed_lane = null where m.project_id = ctx.project_id and m.lane = lane.lane;
        delete from lane_invitations i where i.project_id = ctx.project_id and i.lane = lane.lane;
        perform see_lanes_v1(seen_before);
    end if;
    perform append_event_v1(ctx, 'configure_lane', jsonb_build_object('lane', lane.lane, 'access', new_access));
    return lane;
end $$;
