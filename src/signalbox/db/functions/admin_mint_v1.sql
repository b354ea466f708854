-- One more token for a member, as narrow and as short-lived as asked for. Only its hash comes here.
create function admin_mint_v1(
    act act_ref, name text, new_token_hash bytea, token_scopes text[], valid_seconds integer
)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    member members;
    given record;
begin
    if ctx.replay is not null then
        return ctx.replay || '{"secret_shown_before": true}';
    end if;
    member := managed_member_v1(ctx, name);
    perform may_speak_for_v1(ctx, member);
    select * into given from give_token_v1(member.participation_id, new_token_hash, token_scopes, valid_seconds);
    perform append_event_v1(ctx, 'admin_mint', jsonb_build_object(
        'participant', member.actor, 'token_id', given.token_id, 'scopes', to_jsonb(token_scopes),
        'expires_at', given.expires_at));
    return finish_act_v1(act, ctx, jsonb_build_object(
        'token_id', given.token_id, 'actor', member.actor, 'is_admin', member.role = 'lead',
        'scopes', to_jsonb(token_scopes), 'expires_at', given.expires_at));
end $$;
