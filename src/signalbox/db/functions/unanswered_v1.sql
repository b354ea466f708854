-- The caller's posts that some events of the ledger tell it of: overdue and still without the ack they want, or expired
-- without one. Each is told by one event, so once, with the page of the ledger it is on. Null: none. Like the page itself
-- (whats_new_v2), these events are read along a key whatever is known of the table.
create function unanswered_v1(project bigint, participation bigint, after_seq bigint, upto_seq bigint)
returns bigint[] stable language plpgsql set plan_cache_mode = force_generic_plan
set enable_bitmapscan = off set enable_sort = off as $$
declare
    told record;
    post posts;
    found_ids bigint[];
begin
    for told in
        select e.post_id, e.type
        from events e
        where e.project_id = project
            and e.participation_id = participation
            and e.type in ('overdue', 'expire')
            and e.seq > after_seq
            and e.seq <= upto_seq
        order by e.seq
    loop
        select * into post from posts p where p.project_id = project and p.post_id = told.post_id;
        if (told.type = 'expire' and post.acked_at is null and post.overdue_at is null)
            or (told.type = 'overdue' and post.expired_at is null
                and (post.acked_at is null or silent_actors_v1(post) is not null)) then
            found_ids := found_ids || told.post_id;
        end if;
    end loop;
    return found_ids;
end $$;
