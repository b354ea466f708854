-- A post whose ack was wanted by now. Each actor it names owes one, and anybody in its lanes; a question is answered
-- once. If one is missing, that is an event of its author's, once, and the post goes to whom it was to go then, too.
create function overdue_post_v1(ctx act_context, post bigint) returns void language plpgsql as $$
declare
    late posts;
    silent text[];
    reached integer;
begin
    select * into late from posts p where p.project_id = ctx.project_id and p.post_id = post;
    silent := silent_actors_v1(late);
    if late.overdue_at is not null or late.expired_at is not null or (late.acked_at is not null and silent is null) then
        return;
    end if;
    update posts p set overdue_at = ctx.at where p.project_id = ctx.project_id and p.post_id = late.post_id;
    if late.reroute is not null and late.closed_lane is null then  -- what is said in a closed lane stays there
        reached := reroute_post_v1(ctx, late);
    end if;
    ctx.participation_id := late.author_id;
    ctx.actor := late.author;
    perform append_event_v1(ctx, 'overdue', jsonb_build_object(
        'post_id', late.post_id, 'to_lane', late.to_lane, 'to_lanes', late.to_lanes, 'silent', silent,
        'rerouted_to', case when reached is not null then late.reroute end, 'reached', reached,
        'closed_lane', late.closed_lane));
end $$;
