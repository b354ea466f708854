-- Refuses who may not change a lane: its maker may, and a lead who is in it.
create function may_shape_lane_v1(ctx act_context, lane lanes, lane_name text, what text) returns void
language plpgsql as $$
begin
    if lane.created_by = ctx.participation_id then
        return;
    end if;
    if ctx.role <> 'lead' or not exists (
        select
        from lane_members m
        where m.project_id = ctx.project_id and m.lane = lane_name and m.participation_id = ctx.participation_id
    ) then
        perform refuse_v1(403, format('only who made lane %L, or a lead who is in it, may %s', lane_name, what));
    end if;
end $$;
