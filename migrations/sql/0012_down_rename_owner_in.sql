-- What a changed handle means in one project, under its head lock: an event, and the present state by the new name.
-- What is done (posts, events, finished tasks, ended leases) keeps the name it was done under.
create or replace function rename_owner_in_v1(ctx act_context, owner bigint, was text, now text) returns void language plpgsql as $$
declare
    renamed record;
begin
    perform set_config('signalbox.project_ids', ctx.project_id::text, true);
    perform append_event_v1(ctx, 'rename', jsonb_build_object('from', was, 'to', now));
    for renamed in
        select m.participation_id, m.actor
        from members m
        join participants a on a.participant_id = m.participant_id
        where m.project_id = ctx.project_id and a.owner_id = owner
        order by m.participation_id
        limit 1000
    loop
        update tasks t
        set owner = renamed.actor
        where t.project_id = ctx.project_id
            and t.owner_id = renamed.participation_id
            and t.status in ('assigned', 'in_progress', 'blocked');
        update leases l
        set actor = renamed.actor
        where l.project_id = ctx.project_id
            and l.participation_id = renamed.participation_id
            and l.released_at is null;
    end loop;
end $$;
