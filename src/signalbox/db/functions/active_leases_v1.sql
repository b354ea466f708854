-- The leases that run out within two minutes, whose holders called lately, and for which nobody waits.
create function active_leases_v1(project bigint, renew_seconds integer, at timestamptz, rows_max integer)
returns setof leases stable language plpgsql as $$
begin
    return query
    select l.*
    from leases l
    where l.project_id = project
        and l.released_at is null
        and l.expires_at > at
        and l.expires_at < at + interval '2 minutes'
        and exists (
            select 1
            from presence w
            where w.project_id = project
                and w.participation_id = l.participation_id
                and w.last_seen_at > at - make_interval(secs => renew_seconds)
        )
        and not exists (
            select 1
            from lease_waiters w
            where w.project_id = project
                and w.waits_until > at
                and w.participation_id <> l.participation_id
                and not (w.mode = 'shared' and l.mode = 'shared')
                and (starts_with(w.fixed, l.fixed) or starts_with(l.fixed, w.fixed))
                and surfaces_overlap_v1(w.surface, l.surface)
        )
    order by l.expires_at, l.lease_id
    limit rows_max;
end $$;
