-- A new token for a participant, and the end of those it had; the new one is there before the old ones go.
create function admin_rotate_v1(act act_ref, name text, new_token_hash bytea)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    member members;
    kept tokens;
    ended integer;
begin
    if ctx.replay is not null then
        return ctx.replay || '{"secret_shown_before": true}';
    end if;
    member := managed_member_v1(ctx, name);
    perform may_speak_for_v1(ctx, member);
    select * into kept
    from tokens t
    where t.participation_id = member.participation_id
    order by t.token_id desc
    limit 1;
    insert into tokens (token_hash, participation_id, scopes, tool_groups)
    values (new_token_hash, member.participation_id, coalesce(kept.scopes, '{read,write,manage}'), kept.tool_groups);
    update tokens t
    set revoked_at = clock_timestamp()
    where t.participation_id = member.participation_id and t.revoked_at is null and t.token_hash <> new_token_hash;
    get diagnostics ended = row_count;
    perform append_event_v1(ctx, 'admin_rotate', jsonb_build_object('participant', member.actor, 'revoked', ended));
    return finish_act_v1(act, ctx, jsonb_build_object(
        'participant', member.label, 'actor', member.actor, 'is_admin', member.role = 'lead'));
end $$;
