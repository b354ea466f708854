-- Stands in line for a surface, or goes on standing there; answers the place, 1 being next, or null when it is the
-- caller's turn. Coming into the line is an event, so that holders hear who waits.
create function queue_for_lease_v1(ctx act_context, wanted text, wanted_mode text, is_held boolean)
returns integer language plpgsql as $$
declare
    waiter lease_waiters;
    ahead integer;
begin
    -- In the order of the key, as those take them who say that they still wait.
    delete from lease_waiters w
    where w.project_id = ctx.project_id
        and (w.participation_id, w.surface) in (
            select g.participation_id, g.surface
            from lease_waiters g
            where g.project_id = ctx.project_id and g.waits_until <= ctx.at
            order by g.participation_id, g.surface
            for update
        );
    update lease_waiters w
    set waits_until = ctx.at + interval '2 minutes', mode = wanted_mode
    where w.project_id = ctx.project_id and w.participation_id = ctx.participation_id and w.surface = wanted
    returning * into waiter;
    if waiter.place is null then
        waiter := (ctx.project_id, ctx.participation_id, wanted, substring(wanted from '^[^*?]*'), wanted_mode,
            9007199254740991, ctx.actor, ctx.at, ctx.at + interval '2 minutes')::lease_waiters;
    end if;
    select count(*) into ahead from waiters_ahead_v1(ctx.project_id, waiter, ctx.at);
    if ahead = 0 and not is_held then
        return null;
    end if;
    if waiter.place = 9007199254740991 then
        if (
            select count(*)
            from lease_waiters w
            where w.project_id = ctx.project_id and w.participation_id = ctx.participation_id
        ) >= 20 then
            perform refuse_v1(429, 'you wait for 20 surfaces, the most one participant can: release one you need no more');
        elsif (select count(*) from lease_waiters w where w.project_id = ctx.project_id) >= 500 then
            perform refuse_v1(429, '500 wait for surfaces of this project, the most there can be: try again later');
        end if;
        waiter.place := append_event_v1(ctx, 'lease_wait', jsonb_build_object(
            'surface', wanted, 'mode', nullif(wanted_mode, 'exclusive')));
        insert into lease_waiters select waiter.*;
        perform refuse_circle_v1(ctx, ctx.participation_id, format('waiting for %L', wanted));
    end if;
    return ahead + 1;
end $$;
