-- name: purge_deleted
-- The server's role may not delete from the ledger; see the function.
select purge_deleted_v1(:rows_max) as rows;

-- name: purge_sessions
-- Signed out by time; those that were unused for too long end with their time, too.
with gone as (
    delete from admin_sessions s
    where s.session_hash in (
        select o.session_hash from admin_sessions o where o.expires_at < now() order by o.expires_at limit :rows_max
    )
    returning 1
)
select count(*) as rows from gone;

-- name: purge_links
with gone as (
    delete from sign_in_links l
    where l.code_hash in (
        select o.code_hash from sign_in_links o where o.expires_at < now() order by o.expires_at limit :rows_max
    )
    returning 1
)
select count(*) as rows from gone;

-- name: purge_flows
with gone as (
    delete from sign_in_flows f
    where f.state_hash in (
        select o.state_hash from sign_in_flows o where o.expires_at < now() order by o.expires_at limit :rows_max
    )
    returning 1
)
select count(*) as rows from gone;

-- name: purge_sign_ups
with gone as (
    delete from sign_ups u
    where u.browser_hash in (
        select o.browser_hash from sign_ups o where o.expires_at < now() order by o.expires_at limit :rows_max
    )
    returning 1
)
select count(*) as rows from gone;
