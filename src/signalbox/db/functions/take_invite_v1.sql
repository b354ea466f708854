-- Takes one use of an invite, under the project's head lock: of callers at once with the last use, one wins.
-- Without an owner who accepts, the participant is the project owner's: a free name must then be new, so that nobody
-- slips into an identity, and a locked one was chosen by the lead. Whoever accepts as an owner brings their own.
create function take_invite_v1(
    redeemed_hash bytea, accepting_owner bigint, chosen_label text, new_token_hash bytea
)
returns jsonb language plpgsql as $$
declare
    ctx act_context;
    invite invites;
    joining_owner bigint;
    new_label text;
    brought record;
    member members;
begin
    -- Before any lock: a code that is not known and one that was revoked are found out here, the same way.
    select i.* into invite
    from invites i
    join projects j on j.project_id = i.project_id
    join owners h on h.owner_id = j.owner_id
    where i.code_hash = redeemed_hash and i.revoked_at is null and j.archived_at is null and h.suspended_at is null;
    if invite.code_hash is null then
        return '{"error": "invalid"}';
    end if;
    ctx := lock_head_v1(invite.project_id);
    select i.* into invite
    from invites i
    join projects j on j.project_id = i.project_id
    join owners h on h.owner_id = j.owner_id
    where i.code_hash = redeemed_hash and i.revoked_at is null and j.archived_at is null and h.suspended_at is null;
    if invite.code_hash is null then
        return '{"error": "invalid"}';
    elsif invite.expires_at <= ctx.at then
        return '{"error": "expired"}';
    elsif invite.uses >= invite.uses_max then
        return '{"error": "exhausted"}';
    end if;
    new_label := coalesce(invite.label, chosen_label);
    if new_label is null then
        return '{"error": "name_required"}';
    end if;
    joining_owner := coalesce(
        accepting_owner, (select j.owner_id from projects j where j.project_id = invite.project_id));
    if accepting_owner is null and invite.label is null and exists (
        select 1 from labels b where b.owner_id = joining_owner and b.label = new_label
    ) then
        return '{"error": "name_taken"}';
    end if;
    select * into brought
    from bring_in_v1(ctx, joining_owner, new_label, invite.kind, invite.lane, invite.role, true);
    perform give_token_v1(brought.participation, new_token_hash, '{read,write,manage}', null);
    update invites i set uses = i.uses + 1 where i.code_hash = redeemed_hash;
    select * into member
    from members m
    where m.project_id = ctx.project_id and m.participation_id = brought.participation;
    ctx.participation_id := member.participation_id;
    ctx.actor := member.actor;
    perform append_event_v1(ctx, 'join', jsonb_build_object(
        'invite_id', invite.invite_id, 'participant', member.actor, 'kind', member.kind, 'lane', member.lane,
        'is_admin', member.role = 'lead'));
    perform tell_moved_v1(ctx.project_id);
    return jsonb_build_object(
        'project', (select j.name from projects j where j.project_id = invite.project_id),
        'participant', member.label, 'actor', member.actor, 'created', brought.participant_is_new,
        'is_admin', member.role = 'lead');
end $$;
