-- What the operator wants to know of the database. Runs as who migrated, because the server's role sees neither
-- the transactions of others nor, where that was taken from everybody, the size.
create function server_facts_v1(
    out server_version text, out schema_revision text, out database_bytes bigint, out connections_used integer,
    out connections_max integer, out oldest_transaction_seconds double precision
) language plpgsql security definer set search_path = public, pg_temp as $$
begin
    server_version := current_setting('server_version');
    select v.version_num into schema_revision from alembic_version v;
    database_bytes := pg_database_size(current_database());
    select sum(d.numbackends) into connections_used from pg_stat_database d;
    connections_max := current_setting('max_connections');
    select extract(epoch from clock_timestamp() - min(a.xact_start)) into oldest_transaction_seconds
    from pg_stat_activity a
    where a.datname = current_database() and a.pid <> pg_backend_pid();
end $$;
