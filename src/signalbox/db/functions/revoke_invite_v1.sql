-- Ends an invite, named by its id as lists show it; who has joined by it stays. Ending it again changes nothing.
create function revoke_invite_v1(act act_ref, wanted bigint) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    ended integer;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    perform require_lead_v1(ctx, 'revoke invites');
    if not exists (select 1 from invites i where i.project_id = ctx.project_id and i.invite_id = wanted) then
        perform refuse_v1(404, format('no invite %s in this project: look at the list of its invites', wanted));
    end if;
    update invites i
    set revoked_at = ctx.at
    where i.project_id = ctx.project_id and i.invite_id = wanted and i.revoked_at is null;
    get diagnostics ended = row_count;
    if ended > 0 then
        perform append_event_v1(ctx, 'revoke_invite', jsonb_build_object('invite_id', wanted, 'revoked', ended));
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object('invite_id', wanted, 'revoked', ended));
end $$;
