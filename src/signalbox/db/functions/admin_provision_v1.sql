-- A lead brings a participant into the project. The secret never comes here: only its hash does.
create function admin_provision_v1(
    act act_ref, new_label text, new_kind text, new_lane text, new_role text, allow_existing boolean,
    new_token_hash bytea, token_scopes text[]
)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    granted record;
    member members;
begin
    if ctx.replay is not null then
        return ctx.replay || '{"secret_shown_before": true}';
    end if;
    perform require_lead_v1(ctx, 'add participants');
    select * into granted
    from grant_v1(ctx, new_label, new_kind, new_lane, new_role, allow_existing, new_token_hash, token_scopes);
    select * into member
    from members m
    where m.project_id = ctx.project_id and m.participation_id = granted.participation;
    perform append_event_v1(ctx, 'admin_provision', jsonb_build_object(
        'participant', member.actor, 'kind', member.kind, 'lane', member.lane, 'is_admin', member.role = 'lead'));
    return finish_act_v1(act, ctx, jsonb_build_object(
        'participant', member.label, 'actor', member.actor, 'kind', member.kind, 'lane', member.lane,
        'is_admin', member.role = 'lead'));
end $$;
