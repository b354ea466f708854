-- A post whose ack was wanted by now. Each actor it names owes one, and anybody in its lanes; a question is answered
-- once. If one is missing, that is an event of its author's, once, and the post goes to whom it was to go then, too.
create function overdue_post_v1(ctx act_context, post bigint) returns void language plpgsql as $$
declare
    late posts;
    silent text[];
    reached integer;
begin
    select * into late from posts p where p.project_id = ctx.project_id and p.post_id = post;
    if late.overdue_at is not null or late.expired_at is not null
        or (late.kind = 'question' and late.acked_at is not null) then
        return;
    end if;
    select array_agg(s.actor order by s.actor) into silent
    from (
        select m.actor
        from members m
        where m.project_id = ctx.project_id
            and m.removed_at is null
            and (
                select true
                from deliveries d
                where d.project_id = ctx.project_id
                    and d.participation_id = m.participation_id
                    and d.post_id = late.post_id
                    and d.acked_at is null
                    and (d.to_lane is null or d.by_name)
            )
        order by m.actor
        limit 20
    ) s;
    if late.acked_at is not null and silent is null then
        return;
    end if;
    update posts p set overdue_at = ctx.at where p.project_id = ctx.project_id and p.post_id = late.post_id;
    if late.reroute is not null then
        reached := reroute_post_v1(ctx, late);
    end if;
    ctx.participation_id := late.author_id;
    ctx.actor := late.author;
    perform append_event_v1(ctx, 'overdue', jsonb_build_object(
        'post_id', late.post_id, 'to_lane', late.to_lane, 'to_lanes', late.to_lanes, 'silent', silent,
        'rerouted_to', late.reroute, 'reached', reached));
end $$;
