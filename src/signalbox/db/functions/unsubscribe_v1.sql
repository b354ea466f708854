-- Ends a subscription; one that is not there is ended already.
create function unsubscribe_v1(project bigint, session bytea, uri text) returns void language sql as $$
    update listening_sessions s
    set subscriptions = s.subscriptions - uri
    where s.project_id = project and s.session_id = session and s.subscriptions ? uri;
$$;
