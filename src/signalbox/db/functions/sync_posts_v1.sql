-- The next posts for a participation after a seq, oldest first, as of one moment: of its inbox those that wait for its
-- ack, of a lane or a thread those of others. `upto` is how far the ledger was looked through.
create function sync_posts_v1(
    project bigint, participation bigint, lane_name text, thread bigint, after_seq bigint, page_size integer,
    out upto bigint, out post_ids bigint[]
)
language plpgsql stable set plan_cache_mode = force_generic_plan as $$
declare
    root_id bigint;
    first_id bigint;
begin
    select l.head into upto from ledgers l where l.project_id = project;
    select e.post_id into first_id
    from events e
    where e.project_id = project and e.type = 'post' and e.seq > after_seq
    order by e.seq
    limit 1;
    if lane_name is not null then
        post_ids := array(
            select found.post_id
            from (
                (
                    select p.post_id
                    from posts p
                    where p.project_id = project
                        and p.to_lane = lane_name
                        and p.post_id >= first_id
                        and p.author_id <> participation
                    order by p.post_id
                    limit page_size + 1
                )
                union
                (
                    select l.post_id
                    from post_lanes l
                    where l.project_id = project
                        and l.lane = lane_name
                        and l.post_id >= first_id
                        and (
                            select p.author_id <> participation
                            from posts p
                            where p.project_id = project and p.post_id = l.post_id
                        )
                    order by l.post_id
                    limit page_size + 1
                )
            ) found
            order by found.post_id
            limit page_size + 1);
    elsif thread is not null then
        select p.thread_id into root_id from posts p where p.project_id = project and p.post_id = thread;
        post_ids := array(
            select p.post_id
            from (
                (
                    select q.post_id
                    from posts q
                    where q.project_id = project
                        and q.thread_id = root_id
                        and q.reply_to is not null
                        and q.post_id >= first_id
                        and q.author_id <> participation
                    order by q.post_id
                    limit page_size + 1
                )
                union all
                select q.post_id
                from posts q
                where q.project_id = project
                    and q.post_id = root_id
                    and q.post_id >= first_id
                    and q.author_id <> participation
            ) p
            order by p.post_id
            limit page_size + 1);
    else
        post_ids := awaited_posts_v1(project, participation, after_seq, '{}', page_size + 1);
    end if;
    if cardinality(post_ids) > page_size then
        post_ids := post_ids[:page_size];
        select p.seq into upto from posts p where p.project_id = project and p.post_id = post_ids[page_size];
    elsif lane_name is null and thread is null then
        post_ids := post_ids || array(
            select l.post_id
            from unnest(late_posts_v1(project, participation, after_seq, '{}')) l (post_id)
            where l.post_id <> all(post_ids));
    end if;
end $$;
