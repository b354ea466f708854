-- Takes a link away and opens a session for it, so that of callers at once one is signed in. Null where the link was
-- used, has expired or never was, or its owner is suspended.
create function use_sign_in_link_v1(
    link_hash bytea, new_session_hash bytea, browser text, session_seconds integer
)
returns bigint language plpgsql as $$
declare
    link sign_in_links;
begin
    delete from sign_in_links l where l.code_hash = link_hash returning * into link;
    if link.expires_at is null or link.expires_at <= clock_timestamp() then
        return null;
    end if;
    insert into admin_sessions (session_hash, owner_id, method, user_agent, expires_at)
    select new_session_hash, o.owner_id, 'link', browser, clock_timestamp() + make_interval(secs => session_seconds)
    from owners o
    where o.owner_id = link.owner_id and o.suspended_at is null;
    return case when found then link.owner_id end;
end $$;
