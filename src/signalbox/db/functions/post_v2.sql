-- A handoff and its deliveries: to everyone whose lane it is (live or not) but its author, and to the
-- actor it names. A lane nobody is in keeps the post for whoever joins. A post may answer another one: then it belongs
-- to that one's thread, and goes to its author when it names nobody; to whom that one went, when the author is the same.
create function post_v2(
    act act_ref, lane_name text, actor_name text, subject text, body text, ref text, tag text, answered_id bigint
)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    recipient members;
    answered posts;
    lane_wanted text := lane_name;
    is_implied boolean := answered_id is not null and lane_name is null and actor_name is null;
    new_post_id bigint := ctx.post_head + 1;
    event_seq bigint;
    closed text;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    if answered_id is not null then
        select * into answered
        from posts p
        where p.project_id = ctx.project_id and p.post_id = answered_id;
        if answered.post_id is null then
            perform refuse_v1(404, format('no post %s in this project: read_posts shows what there is', answered_id));
        end if;
    end if;
    if is_implied and answered.author_id <> ctx.participation_id then
        select * into recipient
        from members m
        where m.project_id = ctx.project_id and m.participation_id = answered.author_id and m.removed_at is null;
        if recipient.participation_id is null then
            perform refuse_v1(409, format('%s, who wrote post %s, is not in this project any more: name to_lane or '
                'to_actor', answered.author, answered_id));
        end if;
    elsif is_implied then
        lane_wanted := answered.to_lane;
        select * into recipient  -- by the full name: a bare handle could be a label, too
        from members m
        where m.project_id = ctx.project_id and m.actor = answered.to_actor and m.removed_at is null;
        if answered.to_actor is not null and recipient.participation_id is null then
            recipient := resolve_actor_v1(ctx.project_id, answered.to_actor);
        end if;
    elsif actor_name is not null then
        recipient := resolve_actor_v1(ctx.project_id, actor_name);
    end if;
    -- Of a project in which no lane was ever closed this asks nothing.
    if current_setting('signalbox.lanes', true) <> '' or position('~' in lane_wanted) > 0 then
        closed := closed_post_v1(ctx, answered, array[lane_wanted], null, null);
        if recipient.participation_id is not null then
            perform require_insider_v1(recipient, closed);
        end if;
    end if;
    event_seq := append_event_v1(ctx, 'post', jsonb_build_object(
        'post_id', new_post_id, 'reply_to', answered.post_id, 'thread_id', answered.thread_id,
        'to_lane', lane_wanted, 'to_actor', recipient.actor, 'subject', subject, 'ref', ref, 'tag', tag,
        'closed_lane', closed));
    insert into posts
        (project_id, post_id, seq, author_id, author, to_lane, to_actor, subject, body, ref, tag, created_at,
            reply_to, thread_id, closed_lane)
    values
        (ctx.project_id, new_post_id, event_seq, ctx.participation_id, ctx.actor, lane_wanted, recipient.actor,
            subject, body, ref, tag, ctx.at, answered.post_id, coalesce(answered.thread_id, new_post_id), closed);
    if recipient.participation_id is not null then
        insert into deliveries (project_id, post_id, participation_id, to_lane, closed_lane)
        values (ctx.project_id, new_post_id, recipient.participation_id, lane_wanted, closed);
    end if;
    if lane_wanted is not null then
        insert into deliveries (project_id, post_id, participation_id, to_lane, closed_lane)
        select ctx.project_id, new_post_id, m.participation_id, lane_wanted, closed
        from lane_members m
        where m.project_id = ctx.project_id
            and m.lane = lane_wanted
            and m.participation_id <> ctx.participation_id
            and (closed is null or m.is_insider)
        on conflict on constraint deliveries_pkey do nothing;
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object(
        'post_id', new_post_id, 'event_id', event_seq, 'created_at', ctx.at, 'thread_id', answered.thread_id,
        'to_lane', case when is_implied then lane_wanted end, 'to_actor', case when is_implied then recipient.actor end));
end $$;
