-- Puts a participation into a lane. Who joins inherits the posts to it that nobody has acked yet (the
-- newest 1,000), but not its own, and none that has expired.
create function join_lane_v1(ctx act_context, participation bigint, lane_name text, joined_as text)
returns void language plpgsql as $$
begin
    insert into lane_members as m (project_id, lane, participation_id, origin, joined_at)
    values (ctx.project_id, lane_name, participation, joined_as, ctx.at)
    on conflict on constraint lane_members_pkey do update
    set origin = excluded.origin
    where m.origin = 'registered' and excluded.origin = 'granted';
    if not found then
        return;
    end if;
    insert into deliveries (project_id, post_id, participation_id, to_lane, due_at)
    select ctx.project_id, o.post_id, participation, lane_name, o.due_at
    from (
        (
            select p.post_id, p.due_at
            from posts p
            where p.project_id = ctx.project_id
                and p.to_lane = lane_name
                and p.acked_at is null
                and p.expired_at is null
                and p.author_id <> participation
            order by p.post_id desc
            limit 1000
        )
        union all
        (
            select p.post_id, p.due_at
            from post_lanes l
            cross join lateral (
                select *
                from posts q
                where q.project_id = ctx.project_id and q.post_id = l.post_id
                limit 1
            ) p
            where l.project_id = ctx.project_id
                and l.lane = lane_name
                and p.acked_at is null
                and p.expired_at is null
                and p.author_id <> participation
            order by l.post_id desc
            limit 1000
        )
    ) o
    order by o.post_id desc
    limit 1000
    on conflict on constraint deliveries_pkey do nothing;
end $$;
