-- Renews leases of holders who are active, for as long as each was asked for; each with an event in the holder's name.
create function renew_active_v1(ctx act_context, renew_seconds integer, rows_max integer)
returns integer language plpgsql as $$
declare
    held leases;
    renewed integer := 0;
begin
    for held in select * from active_leases_v1(ctx.project_id, renew_seconds, ctx.at, rows_max) loop
        update leases l
        set expires_at = ctx.at + make_interval(secs => coalesce(l.ttl_seconds, 1800))
        where l.project_id = ctx.project_id and l.lease_id = held.lease_id
        returning * into held;
        ctx.participation_id := held.participation_id;
        ctx.actor := held.actor;
        perform append_event_v1(ctx, 'lease', jsonb_build_object(
            'lease_id', held.lease_id, 'surface', held.surface, 'mode', nullif(held.mode, 'exclusive'),
            'expires_at', held.expires_at, 'note', held.note, 'renewed', true));
        renewed := renewed + 1;
    end loop;
    return renewed;
end $$;
