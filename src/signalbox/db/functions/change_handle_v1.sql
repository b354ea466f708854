-- Gives an owner another handle. The one it had stays its own for ever, and may be taken up again; nobody else's may.
-- All projects the owner is in (200 at most) learn it in the same transaction, so that in each ledger the event stands
-- before the first act under the new name. Their heads are locked first and in order, as acts do before they touch
-- an owner; and not waited for longer than a moment, since meanwhile the others wait, too.
create function change_handle_v1(owner bigint, wanted text) returns text language plpgsql as $$
declare
    was text := (select o.handle from owners o where o.owner_id = owner);
    place record;
    ctx act_context;
    locked act_context[];
begin
    if was is null or was = wanted then
        return was;
    end if;
    perform set_config('lock_timeout', '2000', true);
    for place in
        select distinct on (p.project_id) p.project_id, p.participation_id, a.label
        from participants a
        join participations p on p.participant_id = a.participant_id
        join projects j on j.project_id = p.project_id
        where a.owner_id = owner and a.removed_at is null and p.removed_at is null and j.archived_at is null
        order by p.project_id, a.label
        limit 200
    loop
        ctx := lock_head_v1(place.project_id);
        ctx.participation_id := place.participation_id;
        ctx.actor := was || case when place.label = '' then '' else '/' || place.label end;
        locked := locked || ctx;
    end loop;
    select o.handle into was from owners o where o.owner_id = owner for update;
    if was = wanted then
        return was;
    end if;
    begin
        -- The update would wait for an owner who is giving the handle up, and who may be waiting for this owner's.
        if (select h.owner_id from handles h where h.handle = wanted) <> owner then
            raise unique_violation;
        end if;
        update owners o set handle = wanted where o.owner_id = owner;
        insert into handles (handle, owner_id)
        values (wanted, owner)
        on conflict on constraint handles_pkey do nothing;
        if (select h.owner_id from handles h where h.handle = wanted) <> owner then
            raise unique_violation;
        end if;
    exception when unique_violation then
        perform refuse_v1(409, 'this handle is taken: choose another',
            jsonb_build_object('handle', wanted, 'suggestions', free_handles_v1(wanted)));
    end;
    if (select count(*) from handles h where h.owner_id = owner) > 5 then
        perform refuse_v1(429, 'you have had 5 handles, the most an owner can have: one of those may be taken up again',
            jsonb_build_object('handles', (
                select jsonb_agg(h.handle order by h.handle) from handles h where h.owner_id = owner and h.handle <> wanted
            )));
    end if;
    foreach ctx in array coalesce(locked, '{}') loop
        perform rename_owner_in_v1(ctx, owner, was, wanted);
    end loop;
    return wanted;
end $$;
