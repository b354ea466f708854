-- The newest hits among what is indexed, above one event and up to another, each with its rank: at most so many. Goes
-- from the newest block of events to older ones and stops when there are enough, so a common word costs no more than a
-- rare one; where a block has few hits, the next one is larger. Row security lets no @@ reach an index, so this reads
-- the table without it, as the only one who may: the tenants and the closed lanes that the caller's authentication has
-- set are looked at here.
create function search_hits_v1(
    project bigint, wanted tsquery, filters text[], above bigint, upto bigint, hits_max integer
)
returns table (seq bigint, rank real) language plpgsql stable security definer
set search_path = public, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
#variable_conflict use_column
declare
    tenants constant bigint[] :=
        string_to_array(nullif(current_setting('signalbox.project_ids', true), ''), ',')::bigint[];
    place bigint := upto;
    bits integer := 10;
    missing integer := hits_max;
    found_here integer;
begin
    if project = any(tenants) is not true then
        return;
    end if;
    while place > above and missing > 0 loop
        return query
        with hits as materialized (
            select s.seq, s.vector, s.closed_lane, s.project_id
            from search_entries s
            where s.vector @@ (
                wanted && search_keys_v1(filters || (project || '/n' || bits || '/' || (place >> bits))))
        )
        select newest.seq, ts_rank(newest.vector, wanted, 1)
        from (
            select h.seq, h.vector
            from hits h
            where h.project_id = project
                and h.project_id = any(tenants)
                and h.seq > above
                and h.seq <= place
                and sees_lane_v1(h.closed_lane)
            order by h.seq desc
            limit missing
        ) newest;
        get diagnostics found_here = row_count;
        missing := missing - found_here;
        place := (place >> bits << bits) - 1;
        if bits < 20 and found_here * 32 < missing then
            bits := bits + 5;
        end if;
    end loop;
end $$;
