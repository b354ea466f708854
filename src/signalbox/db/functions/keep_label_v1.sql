-- Writes down each label that a participant is given, whichever way: it stays its own when it has another, and is no
-- other one's. A trigger, because no constraint spans what a name is now and what it was.
create function keep_label_v1() returns trigger language plpgsql as $$
declare
    keeper text;
begin
    insert into labels as b (owner_id, label, participant_id)
    values (new.owner_id, new.label, new.participant_id)
    on conflict on constraint labels_pkey do update
    set given_up_at = null
    where b.participant_id = excluded.participant_id;
    if not found then
        select a.label into keeper
        from labels b
        join participants a on a.participant_id = b.participant_id
        where b.owner_id = new.owner_id and b.label = new.label;
        perform refuse_v1(409, format('%L was a name of %s, which keeps it: choose another', new.label, keeper),
            jsonb_build_object('participant', keeper, 'suggestions', free_labels_v1(new.owner_id, new.label)));
    end if;
    if tg_op = 'UPDATE' and old.label <> new.label then
        update labels b
        set given_up_at = clock_timestamp()
        where b.owner_id = new.owner_id and b.label = old.label;
    end if;
    return null;
end $$;
