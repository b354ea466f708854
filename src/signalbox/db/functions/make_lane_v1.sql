-- Gives a lane a row, with the caller as its maker. One that others use already is configured by a lead who is in it.
create function make_lane_v1(ctx act_context, lane_name text, new_access text) returns lanes language plpgsql as $$
declare
    seen_before text;
    made lanes;
begin
    if left(lane_name, 1) = '@' then
        perform refuse_v1(400, 'lane: a lane that is configured does not begin with @');
    end if;
    if exists (
        select
        from lane_members m
        where m.project_id = ctx.project_id and m.lane = lane_name and m.participation_id <> ctx.participation_id
    ) or exists (
        select from posts p where p.project_id = ctx.project_id and p.to_lane = lane_name
    ) or exists (
        select from post_lanes p where p.project_id = ctx.project_id and p.lane = lane_name
    ) or exists (
        select from tasks t where t.project_id = ctx.project_id and t.lane = lane_name
    ) then
        perform may_shape_lane_v1(ctx, null, lane_name, 'configure it: others use it');
    end if;
    seen_before := see_lanes_v1('*');
    if (select count(*) from lanes l where l.project_id = ctx.project_id and l.created_by = ctx.participation_id) >= 100 then
        perform refuse_v1(429, 'you have made 100 lanes in this project, the most you can');
    end if;
    insert into lanes (project_id, lane, access, created_by, created_at, was_closed)
    values (
        ctx.project_id, lane_name, case when new_access = 'secret' then 'secret' else 'open' end, ctx.participation_id,
        ctx.at, new_access = 'secret')
    returning * into made;
    perform see_lanes_v1(seen_before);
    if new_access = 'secret' then
        perform admit_v1(ctx, ctx.participation_id, lane_name);
    end if;
    if new_access <> 'private' then
        perform append_event_v1(ctx, 'configure_lane', jsonb_build_object(
            'lane', lane_name, 'access', new_access,
            'closed_lane', case when new_access = 'secret' then lane_name end));
    end if;
    return made;
end $$;
