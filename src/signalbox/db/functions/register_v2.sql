-- Says where the caller works, on what, and what others see of it: `more` holds availability, visibility, tags and the
-- session that wants a cursor of its own. The lane it was registered in before is left; one it was granted or joined
-- stays its own. In a closed lane only who is in it registers, and only they see it there; for all others it is where
-- it was before. A ghost is in no lane by being registered there; and who is not visible is not told of, either: its
-- event is for its own eyes. Registering the same again while still present changes nothing but liveness.
create function register_v2(act act_ref, lane_name text, new_status text, more jsonb)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    new_availability text := coalesce(more ->> 'availability', 'active');
    new_visibility text := coalesce(more ->> 'visibility', 'visible');
    new_tags text[] := array(select jsonb_array_elements_text(more -> 'tags'));
    closed text;
    before presence;
    is_same boolean;
    since timestamptz;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    closed := closed_lane_v1(ctx, lane_name);
    select * into before
    from presence p
    where p.project_id = ctx.project_id and p.participation_id = ctx.participation_id;
    is_same := before.registered_at is not null
        and before.closed_lane is not distinct from closed
        and coalesce(closed, before.lane) = lane_name
        and case when closed is null then before.status else before.closed_status end is not distinct from new_status
        and (before.availability, before.visibility, before.tags) = (new_availability, new_visibility, new_tags);
    since := case when is_same then before.registered_at else ctx.at end;
    insert into presence as p
        (project_id, participation_id, lane, status, closed_lane, closed_status, registered_at, last_seen_at,
            availability, visibility, tags)
    values
        (ctx.project_id, ctx.participation_id, case when closed is null then lane_name else before.lane end,
            case when closed is null then new_status else before.status end, closed,
            case when closed is not null then new_status end, since, ctx.at, new_availability, new_visibility, new_tags)
    on conflict on constraint presence_pkey do update
    set lane = excluded.lane, status = excluded.status, closed_lane = excluded.closed_lane,
        closed_status = excluded.closed_status, registered_at = excluded.registered_at,
        last_seen_at = greatest(p.last_seen_at, excluded.last_seen_at),
        availability = excluded.availability, visibility = excluded.visibility, tags = excluded.tags;
    delete from lane_members m
    where m.project_id = ctx.project_id
        and m.participation_id = ctx.participation_id
        and m.origin = 'registered'
        and ((closed is null and m.lane <> lane_name) or new_visibility = 'ghost');
    if closed is null and new_visibility <> 'ghost' then
        perform join_lane_v1(ctx, ctx.participation_id, lane_name, 'registered');
    end if;
    if more ->> 'session' is not null then
        perform open_cursor_v1(ctx.project_id, ctx.participation_id, more ->> 'session');
    end if;
    if new_visibility <> 'visible' then
        perform know_lanes_v1(ctx, ctx.participation_id);
        closed := '@' || ctx.participation_id;
    end if;
    if not is_same then
        perform append_event_v1(ctx, 'register', jsonb_build_object(
            'lane', lane_name, 'status', new_status, 'availability', nullif(new_availability, 'active'),
            'visibility', nullif(new_visibility, 'visible'), 'tags', to_jsonb(nullif(new_tags, '{}')),
            'closed_lane', closed));
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object(
        'actor', ctx.actor, 'lane', lane_name, 'status', new_status, 'registered_at', since));
end $$;
