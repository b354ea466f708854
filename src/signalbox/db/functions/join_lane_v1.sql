-- Puts a participation into a lane. Who joins inherits the posts to it that nobody has acked yet (the
-- newest 1,000), but not its own, and none that has expired; what left its inbox when it left is there again. Who is in
-- a closed lane is an insider.
create function join_lane_v1(ctx act_context, participation bigint, lane_name text, joined_as text)
returns void language plpgsql as $$
declare
    closed text := (
        select l.lane from lanes l where l.project_id = ctx.project_id and l.lane = lane_name and l.access <> 'open'
    );
begin
    insert into lane_members as m (project_id, lane, participation_id, origin, joined_at, is_insider, closed_lane)
    values (ctx.project_id, lane_name, participation, joined_as, ctx.at, closed is not null, closed)
    on conflict on constraint lane_members_pkey do update
    set origin = excluded.origin
    where m.origin = 'registered' and excluded.origin <> 'registered';
    if not found then
        return;
    end if;
    insert into deliveries as d (project_id, post_id, participation_id, to_lane, due_at, closed_lane)
    select ctx.project_id, o.post_id, participation, coalesce(o.to_lane, lane_name), o.due_at, o.closed_lane
    from (
        (
            select p.post_id, p.to_lane, p.due_at, p.closed_lane
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
            select p.post_id, p.to_lane, p.due_at, p.closed_lane
            from (
                select a.post_id
                from post_lanes a
                where a.project_id = ctx.project_id and a.lane = lane_name
                order by a.post_id desc
                limit 1000
            ) l
            cross join lateral (
                select *
                from posts q
                where q.project_id = ctx.project_id and q.post_id = l.post_id
                limit 1
            ) p
            where p.acked_at is null and p.expired_at is null and p.author_id <> participation
        )
    ) o
    order by o.post_id desc
    limit 1000
    on conflict on constraint deliveries_pkey do update
    set state = 'queued', acked_at = null, due_at = excluded.due_at
    where d.state = 'expired';
end $$;
