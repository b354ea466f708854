-- Which of these tokens hold now, and in which role: what open streams are re-authorised with, all of a worker in
-- one statement. A session that was ended counts as a token that does not hold. It says how far their ledgers are, too,
-- for whom a wake-up has missed, and what their sessions have asked for. As in who_waits_v1 they are looked up one by
-- one. Row security goes through the list of projects for each row it lets through, so each project is in it once.
create function still_hold_v2(project_ids bigint[], token_hashes bytea[], sessions bytea[])
returns table (place integer, role text, head bigint, subscriptions jsonb, channel_ok boolean)
language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
    perform set_config('signalbox.project_ids', array_to_string(array(select distinct unnest(project_ids)), ','), true);
    return query
    select open.place::integer, c.role, l.head, s.subscriptions, s.channel_ok_at is not null
    from unnest(project_ids, token_hashes, sessions) with ordinality as open (project_id, token_hash, session_id, place)
    cross join lateral (
        select p.role
        from tokens t
        join participations p on p.participation_id = t.participation_id
        join participants a on a.participant_id = p.participant_id
        join owners o on o.owner_id = a.owner_id
        join projects j on j.project_id = p.project_id
        join owners h on h.owner_id = j.owner_id
        where t.token_hash = open.token_hash
            and p.project_id = open.project_id
            and t.revoked_at is null
            and (t.expires_at is null or t.expires_at > clock_timestamp())
            and p.removed_at is null
            and a.removed_at is null
            and j.archived_at is null
            and o.suspended_at is null
            and h.suspended_at is null
        limit 1
    ) c
    cross join lateral (
        select g.head
        from ledgers g
        where g.project_id = open.project_id
        limit 1
    ) l
    left join lateral (
        select v.subscriptions, v.channel_ok_at
        from listening_sessions v
        where v.project_id = open.project_id and v.session_id = open.session_id
        limit 1
    ) s on open.session_id is not null
    where open.session_id is null or (
        select true
        from ended_sessions e
        where e.project_id = open.project_id and e.session_id = open.session_id
    ) is null
    order by open.place;
end $$;
