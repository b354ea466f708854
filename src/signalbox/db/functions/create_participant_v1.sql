-- An identity without a project. One that is there already answers nothing; one that was removed comes back.
create function create_participant_v1(owner bigint, new_label text, new_kind text)
returns setof participants language plpgsql as $$
begin
    if (select count(*) from participants a where a.owner_id = owner) >= 10000 then
        perform refuse_v1(429, 'you have 10000 participants, the most an owner can have');
    end if;
    return query
    insert into participants as a (owner_id, label, kind)
    values (owner, new_label, new_kind)
    on conflict on constraint participants_label_key do update
    set removed_at = null, kind = excluded.kind
    where a.removed_at is not null
    returning a.*;
end $$;
