-- Puts a participant of an owner into the project, making it where there is none of this label. With allow_existing,
-- one that is in the project already keeps its role (or is raised to lead). Gives no token.
create or replace function bring_in_v1(
    ctx act_context, owner bigint, new_label text, new_kind text, new_lane text, new_role text, allow_existing boolean,
    out participation bigint, out participant_is_new boolean
) language plpgsql as $$
declare
    known_participant participants;
    known_member members;
    was_away boolean;
begin
    select * into known_participant
    from participants a
    where a.owner_id = owner and a.label = new_label
    for update;
    participant_is_new := false;
    if known_participant.participant_id is null then
        insert into participants (owner_id, label, kind)
        values (owner, new_label, new_kind)
        on conflict on constraint participants_label_key do nothing
        returning * into known_participant;
        participant_is_new := known_participant.participant_id is not null;
    end if;
    if known_participant.participant_id is null then  -- the same owner has just made it, for another project
        select * into known_participant
        from participants a
        where a.owner_id = owner and a.label = new_label
        for update;
    end if;
    if known_participant.removed_at is not null then
        update participants a set removed_at = null where a.participant_id = known_participant.participant_id;
    end if;
    select * into known_member
    from members m
    where m.project_id = ctx.project_id and m.participant_id = known_participant.participant_id;
    participation := known_member.participation_id;
    if participation is null then
        if (select count(*) from members m where m.project_id = ctx.project_id) >= 1000 then
            perform refuse_v1(429, 'this project has 1000 participants, the most it can have');
        end if;
        insert into participations (project_id, participant_id, role, lane)
        values (ctx.project_id, known_participant.participant_id, new_role, new_lane)
        returning participation_id into participation;
    elsif known_member.removed_at is null and known_participant.removed_at is null and not allow_existing then
        perform refuse_v1(409,
            format('%L is in this project already: give it a new token on its page, or with admin_rotate', new_label),
            jsonb_build_object('participant', new_label));
    else
        was_away := known_member.removed_at is not null or known_participant.removed_at is not null;
        -- Who was away comes back as who they are now: not with the role they had, nor with tokens of that time.
        update tokens t
        set revoked_at = clock_timestamp()
        where was_away and t.participation_id = participation and t.revoked_at is null;
        update participations p
        set removed_at = null,
            role = case when was_away or new_role = 'lead' then new_role else p.role end,
            lane = coalesce(new_lane, p.lane)
        where p.participation_id = participation;
    end if;
    if new_lane is not null then
        perform give_lane_v1(ctx, participation, new_lane);
    end if;
end $$;
