-- For how long somebody counts as active after a call.
create function set_liveness_v1(act act_ref, new_seconds integer) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    perform require_project_owner_v1(act, ctx, 'set its liveness');
    update projects j
    set liveness_seconds = new_seconds
    where j.project_id = ctx.project_id and j.liveness_seconds <> new_seconds;
    if found then
        perform append_event_v1(ctx, 'set_liveness', jsonb_build_object('liveness_seconds', new_seconds));
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object('liveness_seconds', new_seconds));
end $$;
