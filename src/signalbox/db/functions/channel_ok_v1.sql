-- Remembers that the model of a session has seen what was pushed to it; answers whether the check is one of the caller's.
-- Written only when it changes something.
create function channel_ok_v1(project bigint, participation bigint, id text) returns boolean language plpgsql as $$
begin
    update listening_sessions s
    set channel_ok_at = clock_timestamp()
    where s.project_id = project and s.participation_id = participation and s.check_id = id
        and s.channel_ok_at is null;
    return exists (
        select 1
        from listening_sessions s
        where s.project_id = project and s.participation_id = participation and s.check_id = id
            and s.expires_at > clock_timestamp()
    );
end $$;
