-- The caller takes itself out of a project: for an owner whose participant was invited into somebody else's.
create function leave_project_v1(act act_ref) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    member members;
    ended record;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    select * into member
    from members m
    where m.project_id = ctx.project_id and m.participation_id = ctx.participation_id;
    if member.label = '' then
        perform refuse_v1(403, 'the owner of a project stays in it');
    end if;
    select * into ended from take_out_v1(ctx, member, 'left');
    perform append_event_v1(ctx, 'leave', jsonb_build_object(
        'participant', member.actor, 'revoked', ended.tokens_ended, 'released', ended.leases_ended));
    return finish_act_v1(act, ctx, jsonb_build_object(
        'actor', member.actor, 'revoked', ended.tokens_ended, 'released', ended.leases_ended));
end $$;
