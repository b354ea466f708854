-- Refuses to address or assign what belongs to a closed lane to somebody who would not see it.
create function require_inside_v1(ctx act_context, closed text, participations bigint[]) returns void
language plpgsql as $$
declare
    outside text;
begin
    select m.actor into outside
    from members m
    where m.project_id = ctx.project_id
        and m.participation_id = any(participations)
        and not exists (
            select
            from lane_members l
            where l.project_id = ctx.project_id
                and l.lane = closed
                and l.participation_id = m.participation_id
                and l.is_insider
        )
    order by m.participation_id
    limit 1;
    if outside is not null then
        perform refuse_v1(409, format(
            '%s is not in the closed lane %L: configure_lane(invite=…) asks them in', outside, closed));
    end if;
end $$;
