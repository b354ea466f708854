-- What was observed of deliveries within a second, written together: bookkeeping, so no head lock and no event, in the
-- order of the key and only where it says something new. It never waits for a row: acts hold rows of several recipients
-- at once, and whatever holds one just now is about to say more than a mark does. Ages are seconds; null is "was not".
create function mark_deliveries_v1(
    project_ids bigint[], participation_ids bigint[], post_ids bigint[], transports text[],
    offered_ages double precision[], seen_ages double precision[]
)
returns void language plpgsql
set plan_cache_mode = force_generic_plan set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off
as $$
declare
    at timestamptz := clock_timestamp();
begin
    perform set_config('signalbox.project_ids', (select string_agg(distinct p::text, ',') from unnest(project_ids) p), true);
    perform set_config('signalbox.lanes', '*', true);
    with open as materialized (
        select d.project_id, d.participation_id, d.post_id, m.transport, m.offered_age, m.seen_age
        from unnest(project_ids, participation_ids, post_ids, transports, offered_ages, seen_ages)
            as m (project_id, participation_id, post_id, transport, offered_age, seen_age)
        join deliveries d on d.project_id = m.project_id
            and d.participation_id = m.participation_id
            and d.post_id = m.post_id
        where d.state = 'queued' or (d.state = 'offered' and m.seen_age is not null)
        order by d.project_id, d.participation_id, d.post_id
        for no key update of d skip locked
    )
    update deliveries d
    set state = case when o.seen_age is null then 'offered' else 'seen' end,
        offered_at = coalesce(d.offered_at, at - make_interval(secs => o.offered_age)),
        offered_via = coalesce(d.offered_via, o.transport),
        seen_at = at - make_interval(secs => o.seen_age)
    from open o
    where d.project_id = o.project_id and d.participation_id = o.participation_id and d.post_id = o.post_id;
end $$;
