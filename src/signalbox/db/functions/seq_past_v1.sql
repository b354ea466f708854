-- The number of a ledger's first event later than a moment: past every number for no moment, or when there is none.
-- Times never run backwards against numbers, so all before it are before the moment.
create function seq_past_v1(project bigint, moment timestamptz) returns bigint stable language plpgsql as $$
begin
    if moment is null then
        return 9223372036854775807;
    end if;
    return coalesce(
        (
            select e.seq
            from events e
            where e.project_id = project and e.at > moment
            order by e.at, e.seq
            limit 1
        ),
        9223372036854775807
    );
end $$;
