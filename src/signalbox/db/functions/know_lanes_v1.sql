-- Writes down which closed lanes a participant sees from its next call on: those it was let into, and what is for it
-- alone. Where it is the one who acts, the rest of the act sees them, too.
create function know_lanes_v1(ctx act_context, participation bigint) returns void language plpgsql as $$
declare
    seen_before text := see_lanes_v1('*');
    known text[];
begin
    select array_agg(m.lane order by m.lane) into known
    from lane_members m
    where m.project_id = ctx.project_id and m.participation_id = participation and m.is_insider;
    known := array['@' || participation] || known;
    update participations p set closed_lanes = known where p.participation_id = participation;
    update projects j set has_closed_lanes = true where j.project_id = ctx.project_id and not j.has_closed_lanes;
    perform see_lanes_v1(case when participation = ctx.participation_id then known::text else seen_before end);
end $$;
