-- Which of these tokens hold now, and in which role: what open streams are re-authorised with, all of a worker in
-- one statement. A session that was ended counts as a token that does not hold. It says how far their ledgers are, too,
-- for whom a wake-up has missed, and what their sessions have asked for.
create function still_hold_v2(project_ids bigint[], token_hashes bytea[], sessions bytea[])
returns table (place integer, role text, head bigint, subscriptions jsonb, channel_ok boolean) language plpgsql as $$
begin
    perform set_config('signalbox.project_ids', array_to_string(project_ids, ','), true);
    return query
    select open.place::integer, m.role, l.head, s.subscriptions, s.channel_ok_at is not null
    from unnest(project_ids, token_hashes, sessions) with ordinality as open (project_id, token_hash, session_id, place)
    join tokens t on t.token_hash = open.token_hash
    join members m on m.project_id = open.project_id and m.participation_id = t.participation_id
    join owners o on o.handle = m.handle
    join projects j on j.project_id = open.project_id
    join owners h on h.owner_id = j.owner_id
    join ledgers l on l.project_id = open.project_id
    left join listening_sessions s on s.project_id = open.project_id and s.session_id = open.session_id
    where t.revoked_at is null
        and (t.expires_at is null or t.expires_at > clock_timestamp())
        and m.removed_at is null
        and j.archived_at is null
        and o.suspended_at is null
        and h.suspended_at is null
        and not exists (
            select 1
            from ended_sessions e
            where e.project_id = open.project_id and e.session_id = open.session_id
        )
    order by open.place;
end $$;
