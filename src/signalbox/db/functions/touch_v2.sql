-- The buffered heartbeats of one worker, written together: no head lock, no event, rows in key order, and only where
-- the last mark is older than 15 seconds. `called` says of whom there was a call, `reaches` how one can be reached
-- just now, null where no way is known.
create function touch_v2(
    project_ids bigint[], participation_ids bigint[], called boolean[], reaches text[], token_hashes bytea[]
)
returns void language plpgsql as $$
declare
    at timestamptz := date_trunc('milliseconds', clock_timestamp());
begin
    perform set_config('signalbox.project_ids', array_to_string(project_ids, ','), true);
    insert into presence as p (project_id, participation_id, last_seen_at, reach, reach_at)
    select seen.project_id, seen.participation_id, case when seen.called then at else 'epoch' end, seen.reach,
        case when seen.reach is not null then at end
    from unnest(project_ids, participation_ids, called, reaches) as seen (project_id, participation_id, called, reach)
    order by seen.project_id, seen.participation_id
    on conflict on constraint presence_pkey do update
    set last_seen_at = greatest(p.last_seen_at, excluded.last_seen_at),
        reach = case
            when reach_gives_way_v1(p.reach, p.reach_at, excluded.reach, excluded.reach_at) then excluded.reach
            else p.reach
        end,
        reach_at = case
            when reach_gives_way_v1(p.reach, p.reach_at, excluded.reach, excluded.reach_at) then excluded.reach_at
            else p.reach_at
        end
    where p.last_seen_at < excluded.last_seen_at - interval '15 seconds'
        or reach_gives_way_v1(p.reach, p.reach_at, excluded.reach, excluded.reach_at);
    update tokens t
    set last_used_at = at
    where t.token_hash in (
        select u.token_hash
        from tokens u
        where u.token_hash = any(token_hashes)
            and (u.last_used_at is null or u.last_used_at < at - interval '15 seconds')
        order by u.token_hash
        for no key update skip locked
    );
end $$;
