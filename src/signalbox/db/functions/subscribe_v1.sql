-- Lets a session of the handshake era hear of a resource, from where the ledger is now; again changes nothing. Bookkeeping:
-- no head lock, no event.
create function subscribe_v1(
    project bigint, session bytea, participation bigint, uri text, uris_max integer, until timestamptz
) returns void language plpgsql as $$
begin
    perform keep_session_v1(project, session, participation, until);
    update listening_sessions s
    set subscriptions = s.subscriptions || jsonb_build_object(uri, l.head)
    from ledgers l
    where s.project_id = project and s.session_id = session and l.project_id = project
        and not s.subscriptions ? uri
        and (select count(*) from jsonb_object_keys(s.subscriptions)) < uris_max;
    if not found and not exists (
        select 1
        from listening_sessions s
        where s.project_id = project and s.session_id = session and s.subscriptions ? uri
    ) then
        perform refuse_v1(429, format('a session may subscribe to %s resources: unsubscribe from one', uris_max));
    end if;
end $$;
