-- Ends one token, named by its id as lists show it. Ending it again changes nothing.
create function revoke_token_v1(act act_ref, wanted bigint) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    member members;
    ended integer;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    perform require_lead_v1(ctx, 'manage tokens');
    member := token_member_v1(ctx, wanted);
    update tokens t
    set revoked_at = clock_timestamp()
    where t.token_id = wanted and t.participation_id = member.participation_id and t.revoked_at is null;
    get diagnostics ended = row_count;
    if ended > 0 then
        perform append_event_v1(ctx, 'admin_revoke', jsonb_build_object(
            'participant', member.actor, 'token_id', wanted, 'revoked', ended));
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object('token_id', wanted, 'actor', member.actor, 'revoked', ended));
end $$;
