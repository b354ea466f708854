-- The newest hits among what is indexed, above one event and up to another, each with its rank: at most so many. Goes
-- from the newest block of events to older ones and stops when there are enough, so a common word costs no more than a
-- rare one; where a block has little that could fit, the next ones are larger. Where a lot could fit and does not (a
-- phrase of common words) it stops after looks_max of them, and where that takes long (common words that hardly meet)
-- after seconds_max, at the end of a block: a last row without a rank says from where on it has not looked.
-- Row security lets no @@ reach an index, so this reads the table without it, as the only one who may: the tenants and
-- the closed lanes that the caller's authentication has set are looked at here.
create function search_hits_v1(
    project bigint, wanted tsquery, filters text[], above bigint, upto bigint, hits_max integer, looks_max integer,
    seconds_max double precision
)
returns table (seq bigint, rank real) language plpgsql stable security definer
set search_path = public, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
#variable_conflict use_column
declare
    tenants constant bigint[] :=
        string_to_array(nullif(current_setting('signalbox.project_ids', true), ''), ',')::bigint[];
    -- An index knows no places of words: what has the words of a phrase is looked at one by one.
    is_phrase constant boolean := wanted::text ~ '<(-|\d+)>' and wanted::text !~ '!\(';
    words constant tsquery := case
        when is_phrase then regexp_replace(wanted::text, '<(-|\d+)>', '&', 'g')::tsquery else wanted end;
    terms constant tsquery := coalesce(search_keys_v1(filters) && words, words);
    deadline constant timestamptz := clock_timestamp() + make_interval(secs => seconds_max);
    block tsquery;
    place bigint := upto;
    bits integer := 10;
    larger integer := 0;
    missing integer := hits_max;
    looks integer := 0;
    fitting integer;
    found_seqs bigint[];
begin
    if project = any(tenants) is not true then
        return;
    end if;
    while place > above and missing > 0 loop
        if place < upto and (looks > looks_max or clock_timestamp() > deadline) then
            return query select place, null::real;
            return;
        end if;
        block := search_keys_v1(array[project || '/n' || bits || '/' || (place >> bits)]);
        -- Two conditions and in this order: the index goes through the block and the rarest term side by side, each
        -- skipping what the other lacks. In one, or the other way round, it goes through all projects' entries.
        with fit as materialized (
            select s.seq, not is_phrase or s.vector @@ wanted as is_hit
            from search_entries s
            where s.vector @@ block
                and s.vector @@ terms
                and s.project_id + 0 = project  -- the key is looked up and these are looked at, never the other way
                and s.seq + 0 > above
                and s.seq + 0 <= place
                and sees_lane_v1(s.closed_lane)
        )
        select (select count(*) from fit), array(
            select f.seq from fit f where f.is_hit order by f.seq desc limit missing
        )
        into fitting, found_seqs;
        return query
        select s.seq, ts_rank(s.vector, wanted, 1)
        from unnest(found_seqs) as f (seq)
        cross join lateral (
            select *
            from search_entries e
            where e.project_id = project and e.seq = f.seq and e.project_id + 0 = any(tenants)
            limit 1
        ) s;
        missing := missing - cardinality(found_seqs);
        looks := looks + fitting;
        place := (place >> bits << bits) - 1;
        if fitting > 2048 then
            bits := 10;
        elsif fitting <= 32 and bits = 10 then
            bits := 15;
        elsif fitting <= 32 then
            larger := larger + 1;
            bits := case when larger > 64 then 20 else 15 end;
        end if;
    end loop;
end $$;
