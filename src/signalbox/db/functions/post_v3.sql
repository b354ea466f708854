-- A handoff and its deliveries: to everyone whose lane it is (live or not) but its author, and to the
-- actor it names. A lane nobody is in keeps the post for whoever joins. A post may answer another one: then it belongs
-- to that one's thread, and goes to its author when it names nobody; to whom that one went, when the author is the same.
-- `further` is what most posts do not have, and null then: several lanes and actors (whole lists, the two names within)
-- or everybody, a kind, an urgency, deadlines. What is posted to a closed lane is for who is in it.
create function post_v3(
    act act_ref, lane_name text, actor_name text, subject text, body text, ref text, tag text, answered_id bigint,
    further jsonb
)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    recipient members;
    answered posts;
    lane_wanted text := lane_name;
    is_wide boolean := coalesce(further ?| '{to_lanes,to_actors,to_all}', false);
    is_implied boolean := answered_id is not null and lane_name is null and actor_name is null and not is_wide;
    lanes text[];
    named bigint[];
    actors text[];
    shown_lanes text[];
    shown_actors text[];
    closed text;
    everybody boolean := further ->> 'to_all';
    new_kind text := further ->> 'kind';
    due timestamptz := ctx.at + (further ->> 'ack_within_seconds')::integer * interval '1 second';
    ends timestamptz := ctx.at + (further ->> 'expires_in_seconds')::integer * interval '1 second';
    new_post_id bigint := ctx.post_head + 1;
    facts jsonb;
    event_seq bigint;
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
        is_wide := true;
        lanes := coalesce(answered.to_lanes, array[answered.to_lane]);
        everybody := answered.to_all;
        select r.named, r.actors into named, actors
        from resolve_actors_v1(
            ctx.project_id, coalesce(answered.to_actors, array_remove(array[answered.to_actor], null)), true) r;
    elsif is_wide then
        lanes := array(select jsonb_array_elements_text(further -> 'to_lanes'));
        select r.named, r.actors into named, actors
        from resolve_actors_v1(
            ctx.project_id, array(select jsonb_array_elements_text(further -> 'to_actors')), false) r;
    elsif actor_name is not null then
        recipient := resolve_actor_v1(ctx.project_id, actor_name);
    end if;
    if is_wide then
        lanes := nullif(array_remove(lanes, null), '{}');
        lane_wanted := lanes[1];
        shown_lanes := case when cardinality(lanes) > 1 then lanes end;
        recipient.actor := actors[1];
        shown_actors := case when cardinality(actors) > 1 then actors end;
    end if;
    -- Of a project in which no lane was ever closed this asks nothing.
    if current_setting('signalbox.lanes', true) <> '' or position('~' in lane_wanted) > 0 or is_wide
        or further ? 'reroute' then
        closed := closed_post_v1(
            ctx, answered, coalesce(lanes, array[lane_wanted]), everybody, further ->> 'reroute');
        if closed is not null then
            perform require_insider_v1(m, closed)
            from members m
            where m.project_id = ctx.project_id
                and m.participation_id = any(coalesce(named, array[recipient.participation_id]));
        end if;
    end if;
    facts := jsonb_build_object(
        'post_id', new_post_id, 'reply_to', answered.post_id, 'thread_id', answered.thread_id,
        'to_lane', lane_wanted, 'to_actor', recipient.actor, 'subject', subject, 'ref', ref, 'tag', tag,
        'closed_lane', closed);
    if is_wide or further is not null then
        facts := facts || jsonb_build_object(
            'to_lanes', shown_lanes, 'to_actors', shown_actors, 'to_all', everybody, 'kind', new_kind,
            'urgency', further ->> 'urgency', 'due_at', due, 'expires_at', ends);
    end if;
    if answered.kind = 'question' and new_kind is distinct from 'question' then
        facts := facts || coalesce(
            answer_question_v1(ctx, answered.post_id, new_post_id, coalesce(new_kind = 'answer', false)), '{}');
    end if;
    event_seq := append_event_v1(ctx, 'post', facts);
    insert into posts
        (project_id, post_id, seq, author_id, author, to_lane, to_actor, subject, body, ref, tag, created_at,
            reply_to, thread_id, to_lanes, to_actors, to_all, kind, urgency, due_at, expires_at, reroute,
            closed_lane)
    values
        (ctx.project_id, new_post_id, event_seq, ctx.participation_id, ctx.actor, lane_wanted, recipient.actor,
            subject, body, ref, tag, ctx.at, answered.post_id, coalesce(answered.thread_id, new_post_id),
            shown_lanes, shown_actors, everybody, new_kind, further ->> 'urgency', due, ends,
            further ->> 'reroute', closed);
    if is_wide then
        perform deliver_widely_v1(ctx, new_post_id, lanes, named, everybody, due, closed);
    else
        if recipient.participation_id is not null then
            insert into deliveries (project_id, post_id, participation_id, to_lane, by_name, due_at, closed_lane)
            values (ctx.project_id, new_post_id, recipient.participation_id, lane_wanted,
                case when lane_wanted is not null then true end, due, closed);
        end if;
        if lane_wanted is not null then
            insert into deliveries (project_id, post_id, participation_id, to_lane, due_at, closed_lane)
            select ctx.project_id, new_post_id, m.participation_id, lane_wanted, due, closed
            from lane_members m
            where m.project_id = ctx.project_id
                and m.lane = lane_wanted
                and m.participation_id <> ctx.participation_id
                and (closed is null or m.is_insider)
            on conflict on constraint deliveries_pkey do nothing;
        end if;
    end if;
    if further is not null then
        perform set_deadlines_v1(
            ctx, new_post_id, further ? 'reroute' or coalesce(new_kind in ('handoff', 'question'), false), due, ends);
    end if;
    facts := jsonb_build_object(
        'post_id', new_post_id, 'event_id', event_seq, 'created_at', ctx.at, 'thread_id', answered.thread_id,
        'answers', facts -> 'answers');
    if is_implied then
        facts := facts || jsonb_build_object(
            'to_lane', lane_wanted, 'to_lanes', shown_lanes, 'to_actor', recipient.actor, 'to_actors', shown_actors,
            'to_all', everybody);
    end if;
    return finish_act_v1(act, ctx, facts);
end $$;
