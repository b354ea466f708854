-- Which of the things that a participation waits for hold now, all as of one moment: the function is stable, so its
-- statements see what the statement sees that calls it. Events, and that the ledger went on, are looked up elsewhere.
-- `fired` has the number of each condition that holds, with ids to read it by. `head` is how far the ledger was, `upto`
-- how far it was told of: less than `head` where there were more posts than ids. `again_seconds`: after so long time
-- alone may have changed something.
create function wait_look_v1(
    project bigint, participation bigint, after_seq bigint, conditions jsonb,
    out head bigint, out upto bigint, out again_seconds double precision, out fired jsonb
)
language plpgsql stable set plan_cache_mode = force_generic_plan as $$
declare
    at timestamptz := clock_timestamp();
    wanted jsonb;
    number integer;
    posts_found bigint[];
    post posts;
    task tasks;
    held_until timestamptz;
    news jsonb;
begin
    select l.head into head from ledgers l where l.project_id = project;
    upto := head;
    fired := '[]';
    for wanted, number in select c.value, c.place - 1 from jsonb_array_elements(conditions) with ordinality c (value, place)
    loop
        news := null;
        case wanted ->> 'on'
            when 'post' then
                posts_found := awaited_posts_v1(project, participation, after_seq, wanted, 21);
                if cardinality(posts_found) > 20 then
                    posts_found := posts_found[:20];
                    upto := least(upto, (
                        select p.seq from posts p where p.project_id = project and p.post_id = posts_found[20]));
                end if;
                if after_seq is not null then
                    posts_found := posts_found || array(
                        select l.post_id
                        from unnest(late_posts_v1(project, participation, after_seq, wanted)) l (post_id)
                        where l.post_id <> all(posts_found));
                end if;
                if posts_found <> '{}' then
                    news := jsonb_build_object('post_ids', posts_found[:20]);
                end if;
            when 'ack' then
                select * into post
                from posts p
                where p.project_id = project and p.post_id = (wanted ->> 'post_id')::bigint;
                if post.post_id is null then
                    perform refuse_v1(404, format('no post %s in this project: read_posts shows what there is',
                        wanted ->> 'post_id'));
                end if;
                if post.acked_at is not null and (after_seq is null or acked_after_v1(project, post, after_seq)) then
                    news := jsonb_build_object('post_id', post.post_id);
                end if;
            when 'task' then
                task := ready_task_v1(project, participation, wanted ->> 'lane');
                if task.task_id is not null then
                    news := jsonb_build_object('task_id', task.task_id);
                end if;
            when 'surface' then
                select max(l.expires_at) into held_until
                from lease_conflicts_v1(project, participation, wanted ->> 'surface', 'exclusive', at) l;
                if held_until is null then
                    news := jsonb_build_object('surface', wanted ->> 'surface');
                else
                    again_seconds := least(again_seconds, extract(epoch from held_until - at));
                end if;
            else
                null;
        end case;
        if news is not null then
            fired := fired || (jsonb_build_object('on', wanted ->> 'on', 'index', number) || news);
        end if;
    end loop;
end $$;
