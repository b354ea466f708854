-- Ends the caller's own open lease of exactly this surface; nothing held leaves no event.
create function release_v1(act act_ref, wanted text) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    ended bigint;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    update leases l
    set released_at = ctx.at
    where l.project_id = ctx.project_id
        and l.participation_id = ctx.participation_id
        and l.surface = wanted
        and l.released_at is null
        and l.expires_at > ctx.at
    returning l.lease_id into ended;
    if ended is not null then
        perform append_event_v1(ctx, 'release', jsonb_build_object(
            'lease_id', ended, 'surface', wanted, 'released', 1));
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object('released', (ended is not null)::integer));
end $$;
