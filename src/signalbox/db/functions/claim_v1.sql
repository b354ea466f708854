-- Takes the next number of a sequence; the first claim of a new name starts it at 1.
create function claim_v1(act act_ref, sequence_name text, note text)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    counter sequences;
    formatted text;
    event_seq bigint;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    update sequences s
    set current = s.current + 1
    where s.project_id = ctx.project_id and s.sequence = sequence_name and s.current < 9007199254740991
    returning * into counter;
    if counter.sequence is null then
        counter := start_sequence_v1(ctx, sequence_name, '', 0, 1);
    end if;
    formatted := counter.prefix || lpad(counter.current::text, greatest(counter.pad, length(counter.current::text)), '0');
    event_seq := append_event_v1(ctx, 'claim', jsonb_build_object(
        'sequence', sequence_name, 'number', counter.current, 'formatted', formatted, 'note', note));
    insert into claims
        (project_id, sequence, number, formatted, seq, participation_id, actor, note, claimed_at)
    values
        (ctx.project_id, sequence_name, counter.current, formatted, event_seq, ctx.participation_id, ctx.actor,
            note, ctx.at);
    return finish_act_v1(act, ctx, jsonb_build_object(
        'sequence', sequence_name, 'number', counter.current, 'formatted', formatted, 'note', note));
end $$;
