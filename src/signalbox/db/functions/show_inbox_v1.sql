-- What is open in an inbox and was not shown to a session yet, oldest first; and notes that it has been. Of what is
-- urgent it is noted apart up to where it was shown, since it is shown ahead of the rest when an agent stops. Only
-- bookkeeping: no head lock, no event, and one row that nobody else writes.
create function show_inbox_v1(
    project bigint, participation bigint, session_name text, anew boolean, urgent_only boolean, rows_max integer
)
returns table (
    post_id bigint, author text, kind text, urgency text, subject text, ref text, body text, body_characters integer
)
language plpgsql as $$
declare
    session_key bytea := sha256(convert_to(session_name, 'UTF8'));
    shown bigint := 0;
    shown_urgent bigint := 0;
    newest bigint;
begin
    if anew then
        delete from hook_sessions h
        where h.project_id = project
            and h.participation_id = participation
            and h.used_at < clock_timestamp() - interval '7 days';
    else
        select h.shown_up_to, h.urgent_up_to into shown, shown_urgent
        from hook_sessions h
        where h.project_id = project and h.participation_id = participation and h.session_hash = session_key;
        shown := coalesce(shown, 0);
        shown_urgent := coalesce(shown_urgent, 0);
    end if;
    select max(n.post_id) into newest
    from (
        select o.post_id
        from open_inbox_v1(
            project, participation, case when urgent_only then greatest(shown, shown_urgent) else shown end, urgent_only,
            rows_max) o
    ) n;
    return query
    select o.post_id, o.author, o.kind, o.urgency, o.subject, o.ref, o.body, o.body_characters
    from open_inbox_v1(
        project, participation, case when urgent_only then greatest(shown, shown_urgent) else shown end, urgent_only,
        rows_max) o
    where urgent_only or o.urgency is distinct from 'now' or o.post_id > shown_urgent;
    if newest is not null or anew then
        insert into hook_sessions as h
            (project_id, participation_id, session_hash, shown_up_to, urgent_up_to, used_at)
        values
            (project, participation, session_key, case when urgent_only then shown else coalesce(newest, 0) end,
                case when urgent_only then newest else shown_urgent end, clock_timestamp())
        on conflict on constraint hook_sessions_pkey do update
        set shown_up_to = excluded.shown_up_to, urgent_up_to = excluded.urgent_up_to, used_at = excluded.used_at;
    end if;
end $$;
