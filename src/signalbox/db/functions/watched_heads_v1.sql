-- How far the ledgers are that signed-in owners watch: all open pages of a worker in one statement. A page whose session
-- has ended, or whose project is not its owner's any more, gets no row.
create function watched_heads_v1(session_hashes bytea[], project_ids bigint[], idle_seconds integer)
returns table (place integer, head bigint) language plpgsql as $$
begin
    perform set_config('signalbox.project_ids', array_to_string(project_ids, ','), true);
    return query
    select open.place::integer, l.head
    from unnest(session_hashes, project_ids) with ordinality as open (session_hash, project_id, place)
    join admin_sessions s on s.session_hash = open.session_hash
    join owners o on o.owner_id = s.owner_id
    join projects j on j.project_id = open.project_id and j.owner_id = s.owner_id
    join ledgers l on l.project_id = open.project_id
    where s.expires_at > clock_timestamp()
        and s.last_seen_at > clock_timestamp() - make_interval(secs => idle_seconds)
        and o.suspended_at is null
        and j.deleted_at is null
    order by open.place;
end $$;
