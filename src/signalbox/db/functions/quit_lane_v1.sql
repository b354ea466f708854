-- Takes a participant out of a lane: it is neither present there nor let in any more, what it has not acked of the lane's
-- posts leaves its inbox, and tasks it had there are open again. A private lane that nobody is in any more is open again,
-- so that its name is not lost; what was said in it stays closed, as in a secret one.
create function quit_lane_v1(ctx act_context, participation bigint, lane_name text) returns void language plpgsql as $$
declare
    seen_before text := see_lanes_v1('*');
    gone lane_members;
    held tasks;
begin
    delete from lane_members m
    where m.project_id = ctx.project_id and m.lane = lane_name and m.participation_id = participation
    returning * into gone;
    update participations p
    set lane = null
    where p.participation_id = participation and p.lane = lane_name;
    update presence p
    set lane = case when p.lane <> lane_name then p.lane end,
        status = case when p.lane <> lane_name then p.status end,
        closed_lane = case when p.closed_lane <> lane_name then p.closed_lane end,
        closed_status = case when p.closed_lane <> lane_name then p.closed_status end,
        registered_at = case when p.lane <> lane_name or p.closed_lane <> lane_name then p.registered_at end
    where p.project_id = ctx.project_id and p.participation_id = participation and lane_name in (p.lane, p.closed_lane);
    update deliveries d
    set state = 'expired', acked_at = ctx.at, due_at = coalesce(d.due_at, ctx.at)
    from posts p
    where d.project_id = ctx.project_id
        and d.participation_id = participation
        and d.acked_at is null
        and p.project_id = ctx.project_id
        and p.post_id = d.post_id
        and (d.closed_lane = lane_name or (
            d.by_name is not true
            and lane_name = any(coalesce(p.to_lanes, array[p.to_lane]))
            and not exists (  -- it came by another lane, too
                select
                from lane_members m
                where m.project_id = ctx.project_id
                    and m.participation_id = participation
                    and m.lane = any(p.to_lanes)
            )
        ));
    for held in
        select t.*
        from tasks t
        where t.project_id = ctx.project_id
            and t.owner_id = participation
            and t.status in ('assigned', 'in_progress', 'blocked')
            and t.closed_lane = lane_name
        order by t.task_id
    loop
        perform give_back_task_v1(ctx, held, '{}');
    end loop;
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
