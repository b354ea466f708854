-- Gives the caller another label. The one it had stays its own for ever, and may be taken up again; no other
-- participant of its owner may have it. All projects it is in learn it in the same transaction, so that in each ledger
-- the event stands before the first act under the new name. Their heads are locked first and in order, as those of a
-- changed handle are, and not waited for longer than a moment, since meanwhile the others wait, too.
create function rename_v1(act act_ref, wanted text) returns jsonb language plpgsql as $$
declare
    mine participants;
    owner_handle text;
    place record;
    ctx act_context;
    there act_context;
    locked act_context[];
begin
    select a.* into mine
    from participations p
    join participants a on a.participant_id = p.participant_id
    where p.participation_id = act.participation_id;
    perform set_config('lock_timeout', '2000', true);
    for place in
        select p.project_id, p.participation_id
        from participations p
        join projects j on j.project_id = p.project_id
        where p.participant_id = mine.participant_id and p.removed_at is null and j.archived_at is null
        order by p.project_id
    loop
        there := lock_head_v1(place.project_id);
        there.participation_id := place.participation_id;
        locked := locked || there;
    end loop;
    ctx := begin_act_v1(act);
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    select * into mine from participants a where a.participant_id = mine.participant_id for update;
    if mine.label = '' then
        perform refuse_v1(409, 'an owner has no label: change the handle on the page of your account');
    elsif mine.label = wanted then
        return finish_act_v1(act, ctx, jsonb_build_object('actor', ctx.actor, 'was', ctx.actor));
    elsif (
        select count(*) filter (where j.archived_at is null)
        from participations p
        join projects j on j.project_id = p.project_id
        where p.participant_id = mine.participant_id and p.removed_at is null
    ) <> cardinality(locked) then
        perform refuse_v1(409, 'you have just come into another project: repeat the call');
    elsif (
        select count(*) from labels b where b.participant_id = mine.participant_id and b.label <> wanted
    ) >= 10 then
        perform refuse_v1(429, 'you have had 10 names, the most a participant can have: take up one of those again',
            jsonb_build_object('names', (
                select jsonb_agg(b.label order by b.label)
                from labels b
                where b.participant_id = mine.participant_id and b.given_up_at is not null
            )));
    end if;
    begin
        update participants a set label = wanted where a.participant_id = mine.participant_id;
    exception when unique_violation then
        perform refuse_v1(409, format('%L is the name of another of your owner''s participants: choose another', wanted),
            jsonb_build_object('suggestions', free_labels_v1(mine.owner_id, wanted)));
    end;
    select o.handle into owner_handle from owners o where o.owner_id = mine.owner_id;
    foreach there in array locked loop
        perform set_config('signalbox.project_ids', there.project_id::text, true);
        there.actor := owner_handle || '/' || mine.label;
        perform append_event_v1(
            there, 'rename', jsonb_build_object('from', there.actor, 'to', owner_handle || '/' || wanted));
        perform tell_moved_v1(there.project_id);  -- the caller's own is told of anyway, the others are not
        perform carry_name_v1(there, there.participation_id, owner_handle || '/' || wanted);
    end loop;
    perform set_config('signalbox.project_ids', act.project_id::text, true);
    return finish_act_v1(act, ctx, jsonb_build_object(
        'actor', owner_handle || '/' || wanted, 'was', owner_handle || '/' || mine.label));
end $$;
