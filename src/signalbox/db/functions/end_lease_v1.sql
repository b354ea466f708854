-- Ends somebody's open lease for them, and says in the event whose it was and why.
create function end_lease_v1(ctx act_context, held leases, reason text) returns void language plpgsql as $$
begin
    update leases l set released_at = ctx.at where l.project_id = ctx.project_id and l.lease_id = held.lease_id;
    perform append_event_v1(ctx, 'release', jsonb_build_object(
        'lease_id', held.lease_id, 'surface', held.surface, 'released', 1, 'holder', held.actor, 'reason', reason));
end $$;
