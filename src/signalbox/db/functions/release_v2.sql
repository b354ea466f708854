-- Ends the caller's own open lease of exactly this surface, or its place in the line for it; or one lease by its id,
-- somebody else's by a lead who says why. Nothing held leaves no event.
create function release_v2(act act_ref, wanted text, wanted_id bigint, reason text) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    ended leases;
    has_left integer;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    update leases l
    set released_at = ctx.at
    where l.project_id = ctx.project_id
        and l.participation_id = ctx.participation_id
        and (l.surface = wanted or l.lease_id = wanted_id)
        and l.released_at is null
        and l.expires_at > ctx.at
    returning * into ended;
    if ended.lease_id is not null then
        perform append_event_v1(ctx, 'release', jsonb_build_object(
            'lease_id', ended.lease_id, 'surface', ended.surface, 'released', 1, 'reason', reason));
        return finish_act_v1(act, ctx, '{"released": 1}');
    elsif wanted_id is not null then
        select * into ended from leases l where l.project_id = ctx.project_id and l.lease_id = wanted_id;
        if ended.participation_id is distinct from ctx.participation_id then
            if reason is null and ctx.role = 'lead' and ended.lease_id is not null then
                perform refuse_v1(403, format('lease %s is that of %s: say why you end it, with reason', wanted_id, ended.actor));
            end if;
            return force_release_v1(act, wanted_id, reason);
        end if;
    end if;
    delete from lease_waiters w
    where w.project_id = ctx.project_id and w.participation_id = ctx.participation_id and w.surface = wanted;
    get diagnostics has_left = row_count;
    if has_left > 0 then
        perform append_event_v1(ctx, 'lease_wait', jsonb_build_object('surface', wanted, 'left', true));
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object('released', 0, 'left_queue', nullif(has_left, 0)));
end $$;
