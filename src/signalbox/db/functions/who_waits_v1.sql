-- Looks after all who wait in a worker, in one statement, and answers only what is to be dealt with: the places of those
-- whose token, participation, owner, project or session no longer holds, and the projects whose ledger went on from where
-- it was told of. Who waits is looked up one by one: there are few of them, and a join may be planned over all there are.
create function who_waits_v1(
    token_hashes bytea[], waiting_projects bigint[], sessions bytea[], project_ids bigint[], after_seqs bigint[]
)
returns table (place integer, project_id bigint)
language plpgsql set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    perform set_config('signalbox.project_ids', array_to_string(project_ids, ','), true);
    return query
    select w.place::integer, null::bigint
    from unnest(token_hashes, waiting_projects, sessions)
        with ordinality as w (token_hash, project_id, session_id, place)
    where (
        select true
        from tokens t
        join participations p on p.participation_id = t.participation_id
        join participants a on a.participant_id = p.participant_id
        join owners o on o.owner_id = a.owner_id
        join projects j on j.project_id = p.project_id
        join owners h on h.owner_id = j.owner_id
        where t.token_hash = w.token_hash
            and t.revoked_at is null
            and (t.expires_at is null or t.expires_at > clock_timestamp())
            and p.removed_at is null
            and a.removed_at is null
            and j.archived_at is null
            and o.suspended_at is null
            and h.suspended_at is null
    ) is null
        or (w.session_id is not null and (
            select true
            from ended_sessions e
            where e.project_id = w.project_id and e.session_id = w.session_id
        ));
    return query
    select null::integer, room.project_id
    from unnest(project_ids, after_seqs) as room (project_id, after_seq)
    where (select l.head from ledgers l where l.project_id = room.project_id) > room.after_seq;
end $$;
