-- The next page of the ledger for one session of a participation ('' is the one that has no name), and where its cursor
-- stands. A session that is not known yet begins where the participation has read to. Advancing is bookkeeping: the
-- cursor's own row is locked, nothing else, and it is written only when it moves. A page that is not full goes up to the
-- head as it was before, since what the caller may not see stands in the ledger, too. page_seq remembers where the last
-- page began, so that an answer lost on the way can be asked for again: whole, whatever the page size, because the
-- cursor stands at its end. The page is read along the key whatever is known of the table: before its first statistics,
-- a plan that knows no page size would read all that follows and sort it. Where it ends is a plain variable: row security
-- lets no coalesce into the condition of an index, and all that follows would be read and filtered.
create function whats_new_v2(
    project bigint, participation bigint, session_name text, after_seq bigint, redeliver boolean, advance boolean,
    page_size integer,
    out since_event_id bigint,
    out cursor_seq bigint,
    out head bigint,
    out events jsonb
) language plpgsql set plan_cache_mode = force_generic_plan set enable_bitmapscan = off set enable_sort = off as $$
declare
    bookmark cursors;
    upper_seq bigint;
    last_seq bigint;
    shown integer;
begin
    select l.head into head from ledgers l where l.project_id = project;
    if after_seq is null then
        select * into bookmark
        from cursors c
        where c.project_id = project and c.participation_id = participation and c.session = session_name;
        if bookmark.seq is null and session_name <> '' then
            bookmark := open_cursor_v1(project, participation, session_name);
        end if;
        if advance and head > bookmark.seq then  -- with nothing new, nothing is locked or written
            select * into bookmark
            from cursors c
            where c.project_id = project and c.participation_id = participation and c.session = session_name
            for update;
        end if;
    end if;
    since_event_id := coalesce(after_seq, case when redeliver then bookmark.page_seq else bookmark.seq end, 0);
    upper_seq := case when redeliver and after_seq is null then bookmark.seq end;
    last_seq := coalesce(upper_seq, 9223372036854775807);
    select count(*), coalesce(max(e.seq), since_event_id),
        coalesce(jsonb_agg(jsonb_build_object(
            'id', e.seq, 'ts', e.at, 'actor', e.actor, 'type', e.type, 'payload', e.payload) order by e.seq), '[]')
    into shown, cursor_seq, events
    from (
        select *
        from events v
        where v.project_id = project
            and v.seq > since_event_id
            and v.seq <= last_seq
        order by v.seq
        limit case when upper_seq is null then page_size end
    ) e;
    if upper_seq is not null then
        cursor_seq := upper_seq;
    elsif shown < page_size then
        cursor_seq := greatest(cursor_seq, head);
    end if;
    head := greatest(head, cursor_seq);  -- it may have moved between the two statements
    if after_seq is null and advance and cursor_seq > coalesce(bookmark.seq, 0) then
        insert into cursors as c (project_id, participation_id, session, seq, page_seq, moved_at)
        values (project, participation, session_name, cursor_seq, since_event_id, clock_timestamp())
        on conflict on constraint cursors_pkey do update
        set seq = excluded.seq, page_seq = case when shown > 0 then excluded.page_seq else c.page_seq end,
            moved_at = excluded.moved_at
        where c.seq < excluded.seq;
    end if;
end $$;
