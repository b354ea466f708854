-- Says in the ledger that somebody went on past a hook that had found something.
create function note_override_v1(act act_ref, hook text, reason text, surfaces jsonb) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    event_seq bigint;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    event_seq := append_event_v1(ctx, 'override', jsonb_build_object(
        'hook', hook, 'reason', reason, 'surfaces', surfaces));
    return finish_act_v1(act, ctx, jsonb_build_object('event_id', event_seq));
end $$;
