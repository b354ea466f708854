-- Lets a participant into a closed lane, for an act that may: it is a member, and an insider for as long as it stays.
create function admit_v1(ctx act_context, participation bigint, lane_name text) returns void language plpgsql as $$
declare
    seen_before text := see_lanes_v1('*');
begin
    if (
        select count(*)
        from lane_members m
        where m.project_id = ctx.project_id and m.participation_id = participation and m.lane <> lane_name
    ) >= 200 then
        perform refuse_v1(429, 'this participant is in 200 lanes, the most it can be: it has to leave one');
    end if;
    delete from lane_invitations i
    where i.project_id = ctx.project_id and i.lane = lane_name and i.participation_id = participation;
    perform join_lane_v1(ctx, participation, lane_name, 'joined');
    perform see_lanes_v1(seen_before);
    perform know_lanes_v1(ctx, participation);
end $$;
