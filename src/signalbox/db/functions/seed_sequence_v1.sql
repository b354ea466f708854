-- Sets where a sequence goes on and how its ids look. Never rewinds; what is left out stays as it is.
create function seed_sequence_v1(act act_ref, sequence_name text, seed bigint, new_prefix text, new_pad integer)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    before sequences;
    counter sequences;
    answer jsonb;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    perform require_lead_v1(ctx, 'seed a sequence');
    select * into before
    from sequences s
    where s.project_id = ctx.project_id and s.sequence = sequence_name;
    if before.current > seed then
        perform refuse_v1(409, format('sequence %L is at %s already and never goes back', sequence_name, before.current),
            jsonb_build_object('current', before.current));
    end if;
    if before.sequence is null then
        counter := start_sequence_v1(ctx, sequence_name, coalesce(new_prefix, ''), coalesce(new_pad, 0), seed);
    else
        update sequences s
        set current = seed, prefix = coalesce(new_prefix, s.prefix), pad = coalesce(new_pad, s.pad)
        where s.project_id = ctx.project_id and s.sequence = sequence_name
        returning * into counter;
    end if;
    answer := jsonb_build_object(
        'sequence', sequence_name, 'current', counter.current, 'prefix', counter.prefix, 'pad', counter.pad);
    if counter is distinct from before then
        perform append_event_v1(ctx, 'seed', answer);
    end if;
    return finish_act_v1(act, ctx, answer);
end $$;
