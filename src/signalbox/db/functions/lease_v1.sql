-- Holds a surface, or renews the caller's own hold of it (the same row, id and fence). Always granted; the
-- others whose leases overlap are named, and of rivals at once exactly the first is told there is nobody.
-- The fence is the seq of the grant: a number of the project that only grows.
create function lease_v1(act act_ref, wanted text, ttl_seconds integer, new_note text)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    mine leases;
    others jsonb;
    until timestamptz := ctx.at + make_interval(secs => ttl_seconds);
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    -- What has run out is closed here, so that open leases stay few; that they ran out stands in their event.
    update leases l
    set released_at = l.expires_at
    where l.project_id = ctx.project_id and l.released_at is null and l.expires_at <= ctx.at;
    select coalesce(jsonb_agg(jsonb_build_object(
        'actor', l.actor, 'surface', l.surface, 'expires_at', l.expires_at) order by l.lease_id), '[]')
    into others
    from overlapping_leases_v1(ctx.project_id, wanted, ctx.at) l
    where l.participation_id <> ctx.participation_id;
    update leases l
    set expires_at = until, note = coalesce(new_note, l.note)
    where l.project_id = ctx.project_id
        and l.participation_id = ctx.participation_id
        and l.surface = wanted
        and l.released_at is null
    returning * into mine;
    if mine.lease_id is null then
        if (
            select count(*)
            from leases l
            where l.project_id = ctx.project_id
                and l.participation_id = ctx.participation_id
                and l.released_at is null
        ) >= 500 then
            perform refuse_v1(429, 'you hold 500 leases, the most one participant can: release some, or lease a glob');
        end if;
        mine.lease_id := ctx.lease_head + 1;
        mine.note := new_note;
        mine.fence := append_event_v1(ctx, 'lease', jsonb_build_object(
            'lease_id', mine.lease_id, 'surface', wanted, 'expires_at', until, 'note', new_note));
        insert into leases
            (project_id, lease_id, surface, fixed, is_glob, participation_id, actor, note, fence, granted_at,
                expires_at)
        values
            (ctx.project_id, mine.lease_id, wanted, substring(wanted from '^[^*?]*'), wanted ~ '[*?]',
                ctx.participation_id, ctx.actor, new_note, mine.fence, ctx.at, until);
    else
        perform append_event_v1(ctx, 'lease', jsonb_build_object(
            'lease_id', mine.lease_id, 'surface', wanted, 'expires_at', until, 'note', mine.note, 'renewed', true));
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object(
        'lease_id', mine.lease_id, 'surface', wanted, 'expires_at', until, 'fence', mine.fence, 'others', others));
end $$;
