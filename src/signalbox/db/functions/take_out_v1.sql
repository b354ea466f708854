-- Takes a member out of the project: its tokens end, it is in no lane any more, and what it holds is let go, each
-- lease with an event. Its row and all that it wrote stay.
create function take_out_v1(
    ctx act_context, member members, reason text, out tokens_ended integer, out leases_ended integer
) language plpgsql as $$
declare
    held leases;
    seen_before text := see_lanes_v1('*');
    lane text;
begin
    update participations p set removed_at = ctx.at where p.participation_id = member.participation_id;
    update tokens t
    set revoked_at = clock_timestamp()
    where t.participation_id = member.participation_id and t.revoked_at is null;
    get diagnostics tokens_ended = row_count;
    foreach lane in array array(  -- closed ones look after their names
        select m.lane
        from lane_members m
        where m.project_id = ctx.project_id
            and m.participation_id = member.participation_id
            and m.closed_lane is not null
    ) loop
        perform quit_lane_v1(ctx, member.participation_id, lane);
    end loop;
    delete from lane_members m
    where m.project_id = ctx.project_id and m.participation_id = member.participation_id;
    delete from lane_invitations i
    where i.project_id = ctx.project_id and i.participation_id = member.participation_id;
    update participations p set closed_lanes = '{}' where p.participation_id = member.participation_id;
    perform see_lanes_v1(seen_before);
    update presence p
    set lane = null, closed_lane = null, status = null, closed_status = null, registered_at = null
    where p.project_id = ctx.project_id and p.participation_id = member.participation_id;
    leases_ended := 0;
    for held in
        select *
        from leases l
        where l.project_id = ctx.project_id
            and l.participation_id = member.participation_id
            and l.released_at is null
            and l.expires_at > ctx.at
        order by l.lease_id
    loop
        perform end_lease_v1(ctx, held, reason);
        leases_ended := leases_ended + 1;
    end loop;
end $$;
