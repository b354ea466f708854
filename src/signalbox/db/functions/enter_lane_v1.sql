-- The caller joins a lane and hears who is there: an open one, or a closed one that it was invited to.
create function enter_lane_v1(act act_ref, lane_name text) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    closed text;
    origin_before text;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    if exists (  -- it is to the caller alone, who sees no other
        select
        from lane_invitations i
        where i.project_id = ctx.project_id and i.lane = lane_name and i.participation_id = ctx.participation_id
    ) then
        perform admit_v1(ctx, ctx.participation_id, lane_name);
        closed := lane_name;
    else
        closed := closed_lane_v1(ctx, lane_name);
        select m.origin into origin_before
        from lane_members m
        where m.project_id = ctx.project_id and m.lane = lane_name and m.participation_id = ctx.participation_id;
        if origin_before is null and (
            select count(*)
            from lane_members m
            where m.project_id = ctx.project_id and m.participation_id = ctx.participation_id
        ) >= 200 then
            perform refuse_v1(429, 'you are in 200 lanes, the most you can be: leave one');
        end if;
        perform join_lane_v1(ctx, ctx.participation_id, lane_name, 'joined');
    end if;
    if origin_before is null then
        perform append_event_v1(ctx, 'join_lane', jsonb_build_object('lane', lane_name, 'closed_lane', closed));
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object(
        'lane', lane_name,
        'members', (
            select jsonb_agg(here.actor order by here.joined_at, here.actor)
            from (
                select n.actor, m.joined_at
                from lane_members m
                join members n on n.project_id = m.project_id and n.participation_id = m.participation_id
                where m.project_id = ctx.project_id and m.lane = lane_name
                order by m.joined_at, n.actor
                limit 200
            ) here
        )));
end $$;
