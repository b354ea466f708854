-- Of those who wait for surfaces of a project, whose turn it is: they are to call `lease` with `queue` now (see
-- lease_v2); so are those who are not in the line any more. And the sign that all of them still wait, written when the
-- last one is 20 seconds old. No head lock, and a row that an act is about to change is left to it.
create function lease_turns_v1(project bigint, participation_ids bigint[], surfaces text[])
returns table (participation_id bigint, surface text) language plpgsql as $$
#variable_conflict use_column
declare
    at timestamptz := date_trunc('milliseconds', clock_timestamp());
begin
    perform set_config('signalbox.project_ids', project::text, true);
    update lease_waiters w
    set waits_until = at + interval '2 minutes'
    where w.project_id = project
        and (w.participation_id, w.surface) in (
            select s.participation_id, s.surface
            from unnest(participation_ids, surfaces) as asked (participation_id, surface)
            join lease_waiters s on s.project_id = project
                and s.participation_id = asked.participation_id
                and s.surface = asked.surface
            where s.waits_until > at and s.waits_until < at + interval '100 seconds'
            order by s.participation_id, s.surface
            for no key update of s skip locked
        );
    return query
    select asked.participation_id, asked.surface
    from unnest(participation_ids, surfaces) as asked (participation_id, surface)
    left join lease_waiters w on w.project_id = project
        and w.participation_id = asked.participation_id
        and w.surface = asked.surface
    where w.place is null
        or w.waits_until <= at
        or not (
            exists (select 1 from lease_conflicts_v1(project, w.participation_id, w.surface, w.mode, at))
            or exists (select 1 from waiters_ahead_v1(project, w, at))
        );
end $$;
