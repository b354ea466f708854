-- A new hold of a surface, with its event; one participant has 500 at most.
create function grant_lease_v1(ctx act_context, wanted text, wanted_mode text, ttl_seconds integer, new_note text)
returns leases language plpgsql as $$
declare
    granted leases;
    until timestamptz := ctx.at + make_interval(secs => grant_lease_v1.ttl_seconds);
begin
    if (
        select count(*)
        from leases l
        where l.project_id = ctx.project_id
            and l.participation_id = ctx.participation_id
            and l.released_at is null
    ) >= 500 then
        perform refuse_v1(429, 'you hold 500 leases, the most one participant can: release some, or lease a glob');
    end if;
    granted.lease_id := ctx.lease_head + 1;
    granted.fence := append_event_v1(ctx, 'lease', jsonb_build_object(
        'lease_id', granted.lease_id, 'surface', wanted, 'mode', nullif(wanted_mode, 'exclusive'),
        'expires_at', until, 'note', new_note));
    insert into leases
        (project_id, lease_id, surface, fixed, is_glob, participation_id, actor, note, fence, granted_at, expires_at,
            mode, ttl_seconds)
    values
        (ctx.project_id, granted.lease_id, wanted, substring(wanted from '^[^*?]*'), wanted ~ '[*?]',
            ctx.participation_id, ctx.actor, new_note, granted.fence, ctx.at, until, wanted_mode,
            grant_lease_v1.ttl_seconds)
    returning * into granted;
    return granted;
end $$;
