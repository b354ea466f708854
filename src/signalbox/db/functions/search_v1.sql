-- Searches a project: the newest hits, ranked, and of those one page with what shows why it was found. What is not
-- indexed yet (a moment's acts, tail_max of them and 256 kB of text at most) is looked through as it stands; what lies
-- between it and the index counts as unsearched. The next page goes on where this one says: among the same hits, which
-- are those up to next_upto, past next_skip of them; null when there is nothing more. Where it stopped looking they are
-- those above next_above, so that they stay the same ones however far another search gets in seconds_max.
create function search_v1(
    project bigint, typed text, kind text, actor_name text, lane text, tag text, ref text, thread_of bigint,
    since timestamptz, until timestamptz, from_upto bigint, skipped integer, from_above bigint, page_size integer,
    ranked_max integer, tail_max integer, looks_max integer, seconds_max double precision, out hits jsonb,
    out next_upto bigint, out next_skip integer, out next_above bigint, out unsearched bigint
) language plpgsql stable as $$
#variable_conflict use_column
declare
    wanted constant tsquery := search_query_v1(typed);
    p constant text := project || '/';
    filters text[];
    above bigint := greatest(seq_after_v1(project, 0, since), from_above);
    upto bigint := seq_before_v1(project, coalesce(from_upto, 9007199254740990) + 1, until) - 1;
    done bigint := coalesce((select g.seq from search_progress g where g.project_id = project), 0);
    tail_from bigint;
    seqs bigint[];
    ranks real[];
    total integer;
    lowest bigint;
    stopped bigint;
begin
    hits := '[]';
    unsearched := 0;
    if numnode(wanted) = 0 then
        return;
    end if;
    filters := array_remove(array[
        p || 'k' || kind, p || 'l' || lane, p || 't' || tag, p || 'r' || ref,
        p || 'a' || case when actor_name is not null then
            (select r.participation_id from resolve_actor_v1(project, actor_name, true) r) end,
        p || 'h' || case when thread_of is not null then coalesce(
            (select q.thread_id from posts q where q.project_id = project and q.post_id = thread_of), 0) end], null);
    select least(upto, l.head) into upto from ledgers l where l.project_id = project;
    tail_from := greatest(done, above, upto - tail_max);
    with tail as materialized (
        select e.seq, e as event, b.body,
            sum(coalesce(octet_length(b.body), 0)) over (order by e.seq desc)
                - coalesce(octet_length(b.body), 0) as bytes_before
        from events e
        cross join lateral (select search_body_v1(e) as body) b
        where e.project_id = project and e.seq > tail_from and e.seq <= upto
    ),
    near as materialized (
        select t.seq, search_vector_v1(t.event, t.body) as vector from tail t where t.bytes_before < 262144
    ),
    newest as (
        select n.seq, ts_rank(n.vector, wanted, 1) as rank
        from near n
        where n.vector @@ wanted and (filters = '{}' or n.vector @@ search_keys_v1(filters))
        order by n.seq desc
        limit ranked_max
    )
    select array_agg(n.seq), array_agg(n.rank),
        case when exists (select 1 from tail t where t.bytes_before >= 262144)
            then (select min(n.seq) - 1 from near n) else tail_from end
    into seqs, ranks, tail_from
    from newest n;
    unsearched := greatest(0, tail_from - greatest(done, above));
    with found as materialized (
        select * from unnest(seqs, ranks) as t (seq, rank)
        union all
        select h.seq, h.rank
        from search_hits_v1(
            project, wanted, filters, above, least(upto, done), ranked_max - coalesce(cardinality(seqs), 0),
            looks_max, case when from_above is null then seconds_max end) h
    ),
    shown as (
        select f.seq, f.rank from found f where f.rank is not null order by f.rank desc, f.seq desc offset skipped limit page_size
    )
    select
        coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'event_id', e.seq, 'post_id', case when e.type = 'post' then e.post_id end,
            'task_id', case when e.type like 'task\_%' then e.task_id end, 'type', e.type, 'actor', e.actor, 'ts', e.at,
            'title', search_title_v1(e),
            'text', search_headline_v1(search_words_v1(e, search_body_v1(e)), wanted)))
            order by s.rank desc, s.seq desc), '[]'),
        (select count(f.rank) from found f), (select min(f.seq) from found f where f.rank is not null),
        coalesce((select f.seq from found f where f.rank is null), from_above)
    into hits, total, lowest, stopped
    from shown s
    cross join lateral (  -- read along the key, also where there are no statistics yet
        select *
        from events v
        where v.project_id = project and v.seq >= s.seq
        order by v.seq
        limit 1
    ) e
    where e.seq = s.seq;
    if skipped + page_size < total then
        next_upto := upto;
        next_skip := skipped + page_size;
        next_above := stopped;
    elsif total = ranked_max and lowest > above + 1 then
        next_upto := lowest - 1;
        next_skip := 0;
    elsif stopped is not null then
        next_upto := stopped;
        next_skip := 0;
    end if;
end $$;
