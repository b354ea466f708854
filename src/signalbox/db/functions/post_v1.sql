-- A handoff and its deliveries: to everyone whose lane it is (live or not) but its author, and to the
-- actor it names. A lane nobody is in keeps the post for whoever joins.
create function post_v1(
    act act_ref, lane_name text, actor_name text, subject text, body text, ref text, tag text
)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    recipient members;
    new_post_id bigint := ctx.post_head + 1;
    event_seq bigint;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    if actor_name is not null then
        recipient := resolve_actor_v1(ctx.project_id, actor_name);
    end if;
    event_seq := append_event_v1(ctx, 'post', jsonb_build_object(
        'post_id', new_post_id, 'to_lane', lane_name, 'to_actor', recipient.actor, 'subject', subject,
        'ref', ref, 'tag', tag));
    insert into posts
        (project_id, post_id, seq, author_id, author, to_lane, to_actor, subject, body, ref, tag, created_at)
    values
        (ctx.project_id, new_post_id, event_seq, ctx.participation_id, ctx.actor, lane_name, recipient.actor,
            subject, body, ref, tag, ctx.at);
    if recipient.participation_id is not null then
        insert into deliveries (project_id, post_id, participation_id, to_lane)
        values (ctx.project_id, new_post_id, recipient.participation_id, lane_name);
    end if;
    if lane_name is not null then
        insert into deliveries (project_id, post_id, participation_id, to_lane)
        select ctx.project_id, new_post_id, m.participation_id, lane_name
        from lane_members m
        where m.project_id = ctx.project_id and m.lane = lane_name and m.participation_id <> ctx.participation_id
        on conflict on constraint deliveries_pkey do nothing;
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object(
        'post_id', new_post_id, 'event_id', event_seq, 'created_at', ctx.at));
end $$;
