-- Puts a participation into a lane. Who joins inherits the posts to it that nobody has acked yet (the
-- newest 1,000), but not its own.
create or replace function join_lane_v1(ctx act_context, participation bigint, lane_name text, joined_as text)
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
    insert into deliveries (project_id, post_id, participation_id, to_lane)
    select p.project_id, p.post_id, participation, p.to_lane
    from posts p
    where p.project_id = ctx.project_id
        and p.to_lane = lane_name
        and p.acked_at is null
        and p.author_id <> participation
    order by p.post_id desc
    limit 1000
    on conflict on constraint deliveries_pkey do nothing;
end $$;
