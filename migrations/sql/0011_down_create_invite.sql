-- An invite: whoever redeems its code gets a token of its own. Only the hash of the code comes here.
create or replace function create_invite_v1(
    act act_ref, new_code_hash bytea, locked_label text, new_kind text, new_lane text, new_role text,
    new_uses_max integer, ttl_hours integer
)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    until timestamptz := ctx.at + make_interval(hours => ttl_hours);
    open_invites integer;
    new_invite_id bigint;
begin
    if ctx.replay is not null then
        return ctx.replay || '{"secret_shown_before": true}';
    end if;
    perform require_lead_v1(ctx, 'invite participants');
    select count(*) into open_invites
    from invites i
    where i.project_id = ctx.project_id and i.revoked_at is null and i.expires_at > ctx.at and i.uses < i.uses_max;
    if open_invites >= 200 then
        perform refuse_v1(429, 'this project has 200 open invites, the most it can have: let some expire or be used');
    end if;
    insert into invites
        (code_hash, project_id, label, kind, lane, role, uses_max, created_by, expires_at)
    values
        (new_code_hash, ctx.project_id, locked_label, new_kind, new_lane, new_role, new_uses_max, ctx.actor, until)
    returning invite_id into new_invite_id;
    perform append_event_v1(ctx, 'create_invite', jsonb_build_object(
        'invite_id', new_invite_id, 'participant', locked_label, 'lane', new_lane, 'is_admin', new_role = 'lead',
        'uses', new_uses_max, 'expires_at', until));
    return finish_act_v1(act, ctx, jsonb_build_object('invite_id', new_invite_id, 'expires_at', until));
end $$;
