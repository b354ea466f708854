-- The next posts for a session of a participation. What it says it has (`after_seq`) moves its cursor of this place;
-- nothing else does, so an answer that was lost on the way comes again. `more`: there are more after `upto`.
create function sync_v1(
    project bigint, participation bigint, session_name text, lane_name text, thread bigint, after_seq bigint,
    page_size integer, out upto bigint, out post_ids bigint[], out more boolean
)
language plpgsql as $$
declare
    place_name text := sync_place_v1(project, lane_name, thread);
    from_seq bigint := after_seq;
begin
    if from_seq is null then
        select c.seq into from_seq
        from sync_cursors c
        where c.project_id = project
            and c.participation_id = participation
            and c.session = session_name
            and c.place = place_name;
        from_seq := coalesce(from_seq, 0);
    else
        from_seq := move_sync_cursor_v1(project, participation, session_name, place_name, from_seq);
    end if;
    select s.upto, s.post_ids into upto, post_ids
    from sync_posts_v1(project, participation, lane_name, thread, from_seq, page_size) s;
    more := cardinality(post_ids) >= page_size and upto < (select l.head from ledgers l where l.project_id = project);
end $$;
