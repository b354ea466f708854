-- The deliveries of a post to several lanes, several actors or everybody: one for each recipient, whatever ways lead to
-- it; of its lanes the first it is in. Its author gets none but by its name.
create function deliver_widely_v1(
    ctx act_context, post bigint, lanes text[], named bigint[], to_all boolean, due timestamptz
)
returns void language plpgsql as $$
begin
    insert into post_lanes (project_id, lane, post_id)
    select ctx.project_id, l.lane, post from unnest(lanes[2:]) as l (lane);
    insert into deliveries (project_id, post_id, participation_id, to_lane, by_name, due_at)
    select ctx.project_id, post, r.participation_id,
        coalesce((array_agg(r.lane order by array_position(lanes, r.lane)))[1], lanes[1]),
        case when lanes is not null then bool_or(r.by_name) end,
        due
    from (
        select n.participation_id, null as lane, true as by_name
        from unnest(named) as n (participation_id)
        union all
        select m.participation_id, m.lane, null
        from lane_members m
        where m.project_id = ctx.project_id and m.lane = any(lanes) and m.participation_id <> ctx.participation_id
        union all
        select m.participation_id, null, null
        from members m
        where to_all
            and m.project_id = ctx.project_id
            and m.removed_at is null
            and m.participation_id <> ctx.participation_id
    ) r
    group by r.participation_id
    order by r.participation_id;
end $$;
