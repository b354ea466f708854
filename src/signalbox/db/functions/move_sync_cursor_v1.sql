-- Moves a session's cursor of a place to a seq, onward or back, but never past the head; answers where it is. Of a
-- participation, the 40 that were moved last are kept. Bookkeeping, so no head lock; written only when it moves.
create function move_sync_cursor_v1(
    project bigint, participation bigint, session_name text, place_name text, wanted_seq bigint
)
returns bigint language plpgsql as $$
declare
    kept sync_cursors;
    wanted bigint;
begin
    select least(l.head, wanted_seq) into wanted from ledgers l where l.project_id = project;
    select * into kept
    from sync_cursors c
    where c.project_id = project
        and c.participation_id = participation
        and c.session = session_name
        and c.place = place_name;
    if kept.seq = wanted then
        return wanted;
    end if;
    insert into sync_cursors (project_id, participation_id, session, place, seq, moved_at)
    values (project, participation, session_name, place_name, wanted, clock_timestamp())
    on conflict on constraint sync_cursors_pkey do update
    set seq = excluded.seq, moved_at = excluded.moved_at;
    if kept.seq is null then
        delete from sync_cursors c
        where c.project_id = project
            and c.participation_id = participation
            and (c.session, c.place) in (
                select o.session, o.place
                from sync_cursors o
                where o.project_id = project and o.participation_id = participation
                order by o.moved_at desc, o.session, o.place
                offset 40
                for update skip locked
            );
    end if;
    return wanted;
end $$;
