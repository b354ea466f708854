-- Ends every token of a participant, from the next call on.
create function admin_revoke_v1(act act_ref, name text) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    member members;
    ended integer;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    member := managed_member_v1(ctx, name);
    update tokens t
    set revoked_at = clock_timestamp()
    where t.participation_id = member.participation_id and t.revoked_at is null;
    get diagnostics ended = row_count;
    if ended > 0 then
        perform append_event_v1(ctx, 'admin_revoke', jsonb_build_object('participant', member.actor, 'revoked', ended));
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object('participant', member.label, 'revoked', ended));
end $$;
