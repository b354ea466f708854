-- Holds a surface, or renews the caller's own hold of it (the same row, id and fence). Always granted; the others whose
-- leases collide are named, and of rivals at once exactly the first is told there is nobody. The fence is the seq of
-- the grant: a number of the project that only grows.
--
-- The queue. With `queue`, a surface that others hold, or that others came for before, is not granted: the caller
-- stands in line (lease_waiters), and the answer has `queued`, its place, in the place of lease_id, expires_at and
-- fence. Nobody is handed anything: who waits comes to take it.
--   * To take, call this again, the same way: granted when no lease of others collides and nobody ahead would. It all
--     happens under the head lock, so of several who come at once exactly one is granted (or all that share).
--   * To know when to call it: lease_turns_v1 answers, for many who wait at once, whose turn it is, without the head
--     lock. Ask on each wake and every few seconds: leases run out without an event. It also is the sign that they
--     still wait: who gives none for two minutes is passed over, and cleared away by the next who queues.
--   * To leave the line: release_v2 of the surface. What is granted, with `queue` or without, leaves it too.
--   * Who would wait for ever (each for another, in a circle) is refused here, see waiting_circle_v1.
create function lease_v2(
    act act_ref, wanted text, ttl_seconds integer, new_note text, new_mode text, queue boolean
)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    mine leases;
    wanted_mode text;
    others jsonb;
    place integer;
    until timestamptz := ctx.at + make_interval(secs => lease_v2.ttl_seconds);
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    -- What has run out is closed here, so that open leases stay few; that they ran out stands in their event.
    update leases l
    set released_at = l.expires_at
    where l.project_id = ctx.project_id and l.released_at is null and l.expires_at <= ctx.at;
    select * into mine
    from leases l
    where l.project_id = ctx.project_id
        and l.participation_id = ctx.participation_id
        and l.surface = wanted
        and l.released_at is null;
    wanted_mode := coalesce(new_mode, mine.mode, 'exclusive');
    select coalesce(jsonb_agg(jsonb_build_object(
        'actor', l.actor, 'surface', l.surface, 'expires_at', l.expires_at) order by l.lease_id), '[]')
    into others
    from overlapping_leases_v1(ctx.project_id, wanted, ctx.at) l
    where l.participation_id <> ctx.participation_id and not (l.mode = 'shared' and wanted_mode = 'shared');
    if queue and (mine.lease_id is null or (mine.mode = 'shared' and wanted_mode = 'exclusive')) then
        place := queue_for_lease_v1(ctx, wanted, wanted_mode, others <> '[]');
        if place is not null then
            return finish_act_v1(null, ctx, jsonb_build_object(
                'surface', wanted, 'mode', nullif(wanted_mode, 'exclusive'), 'queued', place, 'others', others));
        end if;
    end if;
    delete from lease_waiters w
    where w.project_id = ctx.project_id and w.participation_id = ctx.participation_id and w.surface = wanted;
    if mine.lease_id is null then
        mine := grant_lease_v1(ctx, wanted, wanted_mode, lease_v2.ttl_seconds, new_note);
    else
        update leases l
        set expires_at = until, note = coalesce(new_note, l.note), mode = wanted_mode,
            ttl_seconds = lease_v2.ttl_seconds
        where l.project_id = ctx.project_id and l.lease_id = mine.lease_id
        returning * into mine;
        perform append_event_v1(ctx, 'lease', jsonb_build_object(
            'lease_id', mine.lease_id, 'surface', wanted, 'mode', nullif(wanted_mode, 'exclusive'),
            'expires_at', until, 'note', mine.note, 'renewed', true));
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object(
        'lease_id', mine.lease_id, 'surface', wanted, 'mode', nullif(wanted_mode, 'exclusive'), 'expires_at', until,
        'fence', mine.fence, 'others', others));
end $$;
