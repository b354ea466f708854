-- Remembers that a session was ended before its time, until it would have expired. A project remembers 10,000:
-- beyond, those that expire first are forgotten.
create function end_session_v1(project bigint, session bytea, until timestamptz) returns void language plpgsql as $$
begin
    delete from ended_sessions e
    where e.project_id = project and e.expires_at <= clock_timestamp();
    delete from ended_sessions e
    where e.project_id = project and e.session_id in (
        select o.session_id
        from ended_sessions o
        where o.project_id = project
        order by o.expires_at desc
        offset 9999
    );
    insert into ended_sessions (project_id, session_id, expires_at)
    values (project, session, until)
    on conflict on constraint ended_sessions_pkey do nothing;
end $$;
