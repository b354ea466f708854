-- A lead puts a participant of the project's owner into the project, with a token or without.
create function admin_grant_v1(
    act act_ref, new_label text, new_kind text, new_lane text, new_role text, new_token_hash bytea,
    token_scopes text[], valid_seconds integer
)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    granted record;
    member members;
    given record;
begin
    if ctx.replay is not null then
        return case
            when new_token_hash is null then ctx.replay
            else ctx.replay || '{"secret_shown_before": true}'
        end;
    end if;
    perform require_lead_v1(ctx, 'add participants');
    select * into granted
    from bring_in_v1(
        ctx, (select j.owner_id from projects j where j.project_id = ctx.project_id), new_label, new_kind, new_lane,
        new_role, false);
    select * into member
    from members m
    where m.project_id = ctx.project_id and m.participation_id = granted.participation;
    select null::bigint as token_id, null::timestamptz as expires_at into given;
    if new_token_hash is not null then
        select * into given from give_token_v1(member.participation_id, new_token_hash, token_scopes, valid_seconds);
    end if;
    perform append_event_v1(ctx, 'admin_provision', jsonb_build_object(
        'participant', member.actor, 'kind', member.kind, 'lane', member.lane, 'is_admin', member.role = 'lead',
        'token_id', given.token_id, 'expires_at', given.expires_at));
    return finish_act_v1(act, ctx, jsonb_build_object(
        'actor', member.actor, 'kind', member.kind, 'lane', member.lane, 'is_admin', member.role = 'lead',
        'token_id', given.token_id, 'expires_at', given.expires_at));
end $$;
