-- A lead takes a participant out of the project, from its next call on; removing it again is not found.
create function admin_remove_v1(act act_ref, name text) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    member members;
    ended record;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    member := managed_member_v1(ctx, name);
    if member.label = '' then
        perform refuse_v1(403, 'the owner of a project stays in it');
    end if;
    select * into ended from take_out_v1(ctx, member, 'removed');
    perform append_event_v1(ctx, 'admin_remove', jsonb_build_object(
        'participant', member.actor, 'revoked', ended.tokens_ended, 'released', ended.leases_ended));
    return finish_act_v1(act, ctx, jsonb_build_object(
        'actor', member.actor, 'revoked', ended.tokens_ended, 'released', ended.leases_ended));
end $$;
