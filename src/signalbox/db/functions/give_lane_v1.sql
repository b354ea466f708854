-- The lane a participation is granted: it leaves the one it was granted before, and joins this one. Null: none.
create function give_lane_v1(ctx act_context, participation bigint, new_lane text) returns void language plpgsql as $$
begin
    update lane_members m
    set origin = 'registered'  -- it works there, too
    from presence p
    where m.project_id = ctx.project_id
        and m.participation_id = give_lane_v1.participation
        and m.origin = 'granted'
        and m.lane is distinct from new_lane
        and p.project_id = ctx.project_id
        and p.participation_id = m.participation_id
        and p.lane = m.lane;
    delete from lane_members m
    where m.project_id = ctx.project_id
        and m.participation_id = give_lane_v1.participation
        and m.origin = 'granted'
        and m.lane is distinct from new_lane;
    if new_lane is not null then
        perform join_lane_v1(ctx, participation, new_lane, 'granted');
    end if;
end $$;
