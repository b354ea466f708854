-- A lead ends somebody's lease, and says why.
create function force_release_v1(act act_ref, wanted bigint, reason text) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    held leases;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    perform require_lead_v1(ctx, 'end leases of others');
    select * into held from leases l where l.project_id = ctx.project_id and l.lease_id = wanted;
    if held.lease_id is null then
        perform refuse_v1(404, format('no lease %s in this project: who_holds shows those there are', wanted));
    elsif held.released_at is not null or held.expires_at <= ctx.at then
        perform refuse_v1(409, format('lease %s of %s is over already', wanted, held.actor), jsonb_build_object(
            'holder', held.actor, 'surface', held.surface,
            'ended_at', least(held.released_at, held.expires_at)));
    end if;
    perform end_lease_v1(ctx, held, reason);
    return finish_act_v1(act, ctx, jsonb_build_object(
        'lease_id', wanted, 'surface', held.surface, 'holder', held.actor, 'released', 1));
end $$;
