-- The caller leaves a lane, whichever way it came in; leaving one that it is not in changes nothing.
create function leave_lane_v1(act act_ref, lane_name text) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    mine lane_members;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    select * into mine
    from lane_members m
    where m.project_id = ctx.project_id and m.lane = lane_name and m.participation_id = ctx.participation_id;
    if mine.lane is null and position('~' in lane_name) > 0 then
        perform closed_lane_v1(ctx, lane_name);
    end if;
    if mine.lane is not null then
        perform append_event_v1(
            ctx, 'leave_lane', jsonb_build_object('lane', lane_name, 'closed_lane', mine.closed_lane));
        perform quit_lane_v1(ctx, ctx.participation_id, lane_name);
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object('lane', lane_name, 'left', mine.lane is not null));
end $$;
