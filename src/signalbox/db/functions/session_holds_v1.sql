-- Refuses a handshake-era session that its client has ended. Null: the request named none.
create function session_holds_v1(project bigint, session bytea) returns void stable language plpgsql as $$
begin
    if session is not null and exists (
        select 1 from ended_sessions e where e.project_id = project and e.session_id = session
    ) then
        raise exception using errcode = 'SB410', message = 'this session has ended: initialize a new one';
    end if;
end $$;
