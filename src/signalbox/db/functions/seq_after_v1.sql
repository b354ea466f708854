-- The number after which a ledger's events are both past `after` and not before `since`.
-- Times never run backwards against numbers, so a time is a place in the ledger.
create function seq_after_v1(project bigint, after bigint, since timestamptz) returns bigint stable language plpgsql as $$
begin
    if since is null then
        return after;
    end if;
    return greatest(
        after,
        (
            select e.seq
            from events e
            where e.project_id = project and e.at < since
            order by e.at desc, e.seq desc
            limit 1
        )
    );
end $$;
