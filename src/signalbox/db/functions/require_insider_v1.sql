-- Whoever is addressed, or given a task, in a closed lane must be in it, else it could not see what that is.
create function require_insider_v1(member members, closed_lane text) returns void stable language plpgsql as $$
begin
    if closed_lane is not null and not exists (
        select 1
        from participations p
        where p.participation_id = member.participation_id and closed_lane = any(p.closed_lanes)
    ) then
        perform refuse_v1(409, format(
            '%s is not in the closed lane %L: configure_lane(invite=…) asks it in', member.actor, closed_lane));
    end if;
end $$;
