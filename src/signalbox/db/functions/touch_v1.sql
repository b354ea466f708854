-- The buffered heartbeats of one worker, written together: no head lock, no event, rows in key order, and
-- only where the last mark is older than 15 seconds.
create function touch_v1(project_ids bigint[], participation_ids bigint[], token_hashes bytea[])
returns void language plpgsql as $$
declare
    at timestamptz := date_trunc('milliseconds', clock_timestamp());
begin
    perform set_config('signalbox.project_ids', array_to_string(project_ids, ','), true);
    insert into presence as p (project_id, participation_id, last_seen_at)
    select distinct seen.project_id, seen.participation_id, at
    from unnest(project_ids, participation_ids) as seen (project_id, participation_id)
    order by seen.project_id, seen.participation_id
    on conflict on constraint presence_pkey do update
    set last_seen_at = excluded.last_seen_at
    where p.last_seen_at < excluded.last_seen_at - interval '15 seconds';
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
