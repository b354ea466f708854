-- Posts that came to a participation after a seq of the ledger though they are older: of lanes that it has joined since,
-- and those that were sent on to it because nobody answered; 20 of each at most, which wait for its ack and are as wanted.
create function late_posts_v1(project bigint, participation bigint, after_seq bigint, wanted jsonb)
returns bigint[] language plpgsql stable set plan_cache_mode = force_generic_plan as $$
declare
    since timestamptz;
    is_any boolean := not wanted ?| '{from,lane,tag,kind}';
    wanted_author bigint;
    joined text;
    late bigint[];
    found_ids bigint[] := '{}';
begin
    select e.at into since
    from events e
    where e.project_id = project and e.seq > after_seq
    order by e.seq
    limit 1;
    if since is null then
        return '{}';
    end if;
    if wanted ->> 'from' is not null then
        select r.participation_id into wanted_author from resolve_actor_v1(project, wanted ->> 'from', true) r;
    end if;
    for joined in
        select m.lane
        from lane_members m
        where m.project_id = project and m.participation_id = participation and m.joined_at >= since
        order by m.lane
        limit 20
    loop
        found_ids := found_ids || array(
            select d.post_id
            from deliveries d
            where d.project_id = project
                and d.participation_id = participation
                and d.to_lane = joined
                and d.acked_at is null
                and d.state <> 'expired'
                and (is_any or is_wanted_post_v1(project, d.post_id, wanted_author, wanted))
            order by d.post_id
            limit 20);
    end loop;
    late := array(
        select e.post_id
        from events e
        where e.project_id = project and e.type = 'overdue' and e.seq > after_seq
        order by e.seq desc
        limit 200);
    found_ids := found_ids || array(
        select d.post_id
        from (select distinct l.post_id from unnest(late) as l (post_id)) l
        cross join lateral (
            select *
            from deliveries q
            where q.project_id = project and q.participation_id = participation and q.post_id = l.post_id
            limit 1
        ) d
        where d.acked_at is null
            and d.state <> 'expired'
            and (is_any or is_wanted_post_v1(project, d.post_id, wanted_author, wanted))
        order by d.post_id
        limit 20);
    return array(select distinct f.post_id from unnest(found_ids) f (post_id) order by f.post_id);
end $$;
