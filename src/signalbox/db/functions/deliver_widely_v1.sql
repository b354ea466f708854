-- The deliveries of a post to several lanes, several actors or everybody: one for each recipient, whatever ways lead to
-- it. Its author gets none but by its name. Of a closed lane only insiders are meant.
create function deliver_widely_v1(
    ctx act_context, post bigint, lanes text[], named bigint[], to_all boolean, due timestamptz, closed text
)
returns void language plpgsql as $$
begin
    insert into post_lanes (project_id, lane, post_id)
    select ctx.project_id, l.lane, post from unnest(lanes[2:]) as l (lane);
    insert into deliveries (project_id, post_id, participation_id, to_lane, by_name, due_at, closed_lane)
    select
        ctx.project_id, post, r.participation_id, lanes[1], case when lanes is not null then bool_or(r.by_name) end, due,
        closed
    from (
        select n.participation_id, true as by_name
        from unnest(named) as n (participation_id)
        union all
        select m.participation_id, null
        from lane_members m
        where m.project_id = ctx.project_id
            and m.lane = any(lanes)
            and m.participation_id <> ctx.participation_id
            and (closed is null or m.is_insider)
        union all
        select m.participation_id, true
        from members m
        where to_all
            and m.project_id = ctx.project_id
            and m.removed_at is null
            and m.participation_id <> ctx.participation_id
            and not is_ghost_v1(ctx.project_id, m.participation_id)
    ) r
    group by r.participation_id
    order by r.participation_id;
end $$;
