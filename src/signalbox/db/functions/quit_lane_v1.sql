-- Takes a participant out of a lane: it is neither present there nor let in any more, and what it has not acked of the
-- lane's posts leaves its inbox. A private lane that nobody is in any more is open again, so that its name is not lost;
-- what was said in it stays closed, as in a secret one.
create function quit_lane_v1(ctx act_context, participation bigint, lane_name text) returns void language plpgsql as $$
declare
    seen_before text := see_lanes_v1('*');
    gone lane_members;
begin
    delete from lane_members m
    where m.project_id = ctx.project_id and m.lane = lane_name and m.participation_id = participation
    returning * into gone;
    update participations p
    set lane = null
    where p.participation_id = participation and p.lane = lane_name;
    update presence p
    set lane = null, closed_lane = null, status = null, registered_at = null
    where p.project_id = ctx.project_id and p.participation_id = participation and lane_name in (p.lane, p.closed_lane);
    update deliveries d
    set state = 'expired', due_at = coalesce(d.due_at, ctx.at)
    where d.project_id = ctx.project_id
        and d.participation_id = participation
        and d.acked_at is null
        and d.state <> 'expired'
        and (d.closed_lane = lane_name or (d.to_lane = lane_name and d.by_name is not true));
    if gone.closed_lane is not null and not exists (
        select from lane_members m where m.project_id = ctx.project_id and m.lane = lane_name
    ) then
        delete from lane_invitations i where i.project_id = ctx.project_id and i.lane = lane_name;
        update lanes l
        set access = 'open'
        where l.project_id = ctx.project_id and l.lane = lane_name and l.access = 'private';
        if found then
            perform append_event_v1(ctx, 'configure_lane', jsonb_build_object('lane', lane_name, 'access', 'open'));
        end if;
    end if;
    perform see_lanes_v1(seen_before);
    if gone.is_insider then
        perform know_lanes_v1(ctx, participation);
    end if;
end $$;
