-- Sees that there is a row for a session of the handshake era that has asked for something. A project remembers 10,000:
-- beyond, those that expire first are forgotten.
create function keep_session_v1(project bigint, session bytea, participation bigint, until timestamptz) returns void
language plpgsql as $$
begin
    insert into listening_sessions (project_id, session_id, participation_id, expires_at)
    values (project, session, participation, until)
    on conflict on constraint listening_sessions_pkey do nothing;
    if not found then
        return;
    end if;
    delete from listening_sessions s
    where s.project_id = project and s.session_id <> session and (s.expires_at <= clock_timestamp() or s.session_id in (
        select o.session_id
        from listening_sessions o
        where o.project_id = project
        order by o.expires_at desc
        offset 10000
    ));
end $$;
