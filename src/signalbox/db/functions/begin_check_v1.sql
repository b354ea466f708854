-- Answers the id by which a session's model shows that what is pushed reaches it: made up once, known to nobody else.
create function begin_check_v1(project bigint, session bytea, participation bigint, new_id text, until timestamptz)
returns text language plpgsql as $$
declare
    known_id text;
begin
    perform keep_session_v1(project, session, participation, until);
    update listening_sessions s
    set check_id = coalesce(s.check_id, new_id)
    where s.project_id = project and s.session_id = session
    returning s.check_id into known_id;
    return known_id;
end $$;
