-- Takes away some rows of a project that was deleted, oldest first, and at last the project; answers how many it took
-- away, 0 when nothing is left. The server's role may not delete from the ledger: this runs as who migrated, touches
-- nothing but deleted projects, and binds itself to the one it works on, as row security binds the tables' owner too.
-- Every table that is bound to a tenant is emptied, whatever migration made it. One runner at a time, and a minute
-- late: what was under way when the project ended (a heartbeat, a cursor) may still have left a row.
create function purge_deleted_v1(rows_max integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    gone bigint;
    emptied regclass;
    purged integer := 0;
    taken integer;
begin
    if not pg_try_advisory_xact_lock(5317050) then
        return 0;
    end if;
    select j.project_id into gone
    from projects j
    where j.deleted_at < clock_timestamp() - interval '1 minute'
    order by j.project_id
    limit 1;
    if gone is null then
        return 0;
    end if;
    perform set_config('signalbox.project_ids', gone::text, true), set_config('signalbox.lanes', '*', true);
    for emptied in
        select c.oid::regclass
        from pg_class c
        where c.relkind = 'r' and c.relrowsecurity and c.relnamespace = 'public'::regnamespace
        order by c.relname = 'ledgers', c.relname
    loop
        execute format(
            'delete from %1$s t where t.ctid = any(array(select d.ctid from %1$s d where d.project_id = $1 limit $2))',
            emptied) using gone, rows_max - purged;
        get diagnostics taken = row_count;
        purged := purged + taken;
        if purged >= rows_max then
            return purged;
        end if;
    end loop;
    delete from tokens t
    where t.token_hash = any(array(
        select u.token_hash
        from participations p
        join tokens u on u.participation_id = p.participation_id
        where p.project_id = gone
        limit rows_max - purged
    ));
    get diagnostics taken = row_count;
    purged := purged + taken;
    if purged >= rows_max then
        return purged;
    end if;
    delete from invites i where i.project_id = gone;
    delete from participations p where p.project_id = gone;
    delete from projects j where j.project_id = gone;
    return purged + 1;
end $$;
