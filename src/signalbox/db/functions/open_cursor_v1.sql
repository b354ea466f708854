-- A cursor of its own for a session of a participation, where it has none yet: it begins where the participation has
-- read to. Of the sessions the 20 that read last keep their cursors. Bookkeeping, so no head lock.
create function open_cursor_v1(project bigint, participation bigint, session_name text)
returns cursors language plpgsql as $$
declare
    opened cursors;
begin
    insert into cursors (project_id, participation_id, session, seq, page_seq, moved_at)
    select project, participation, session_name, coalesce(max(c.seq), 0), coalesce(max(c.seq), 0), clock_timestamp()
    from cursors c
    where c.project_id = project and c.participation_id = participation
    on conflict on constraint cursors_pkey do nothing;
    if found then
        delete from cursors c
        where c.project_id = project
            and c.participation_id = participation
            and c.session in (
                select o.session
                from cursors o
                where o.project_id = project and o.participation_id = participation and o.session not in ('', session_name)
                order by o.moved_at desc, o.session
                offset 19
                for update skip locked
            );
    end if;
    select * into opened
    from cursors c
    where c.project_id = project and c.participation_id = participation and c.session = session_name;
    return opened;
end $$;
