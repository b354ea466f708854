-- What a changed handle means in one project, under its head lock: an event, and the present state by the new name.
create function rename_owner_in_v1(ctx act_context, owner bigint, was text, now text) returns void language plpgsql as $$
declare
    renamed record;
begin
    perform set_config('signalbox.project_ids', ctx.project_id::text, true);
    perform append_event_v1(ctx, 'rename', jsonb_build_object('from', was, 'to', now));
    perform tell_moved_v1(ctx.project_id);
    for renamed in
        select m.participation_id, m.actor
        from members m
        join participants a on a.participant_id = m.participant_id
        where m.project_id = ctx.project_id and a.owner_id = owner
        order by m.participation_id
        limit 1000
    loop
        perform carry_name_v1(ctx, renamed.participation_id, renamed.actor);
    end loop;
end $$;
