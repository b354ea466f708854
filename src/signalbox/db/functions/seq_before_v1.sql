-- The number before which a ledger's events are both below `before` and not after `until`.
-- Times never run backwards against numbers, so a time is a place in the ledger.
create function seq_before_v1(project bigint, before bigint, until timestamptz) returns bigint stable language plpgsql as $$
begin
    if until is null then
        return before;
    end if;
    return least(
        before,
        (
            select e.seq
            from events e
            where e.project_id = project and e.at > until
            order by e.at, e.seq
            limit 1
        )
    );
end $$;
