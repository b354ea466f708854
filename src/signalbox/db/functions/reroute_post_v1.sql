-- Sends a post on to the leads of the project, or to a lane: to who is there now and had it not yet, and, of a lane, to
-- whoever joins it. Answers how many it reached.
create function reroute_post_v1(ctx act_context, late posts) returns integer language plpgsql as $$
declare
    reached integer;
begin
    if late.reroute = 'lead' then
        insert into deliveries (project_id, post_id, participation_id, due_at)
        select ctx.project_id, late.post_id, m.participation_id, late.due_at
        from members m
        where m.project_id = ctx.project_id
            and m.role = 'lead'
            and m.removed_at is null
            and m.participation_id <> late.author_id
        on conflict on constraint deliveries_pkey do nothing;
        get diagnostics reached = row_count;
        return reached;
    end if;
    if late.reroute = late.to_lane or late.reroute = any(late.to_lanes) or exists (  -- closed since
        select from lanes l where l.project_id = ctx.project_id and l.lane = late.reroute and l.access <> 'open'
    ) then
        return 0;
    end if;
    insert into post_lanes (project_id, lane, post_id) values (ctx.project_id, late.reroute, late.post_id);
    update posts p
    set to_lanes = coalesce(p.to_lanes, array_remove(array[p.to_lane], null)) || late.reroute
    where p.project_id = ctx.project_id and p.post_id = late.post_id;
    insert into deliveries (project_id, post_id, participation_id, to_lane, due_at)
    select ctx.project_id, late.post_id, m.participation_id, coalesce(late.to_lane, late.reroute), late.due_at
    from lane_members m
    where m.project_id = ctx.project_id and m.lane = late.reroute and m.participation_id <> late.author_id
    on conflict on constraint deliveries_pkey do nothing;
    get diagnostics reached = row_count;
    return reached;
end $$;
