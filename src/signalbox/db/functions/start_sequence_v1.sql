-- Makes a new sequence; a project has at most 1,000.
create function start_sequence_v1(ctx act_context, sequence_name text, prefix text, pad integer, current bigint)
returns sequences language plpgsql as $$
declare
    counter sequences;
begin
    if exists (
        select 1 from sequences s where s.project_id = ctx.project_id and s.sequence = sequence_name
    ) then
        perform refuse_v1(409, format('sequence %L is at its end', sequence_name));
    end if;
    if (select count(*) from sequences s where s.project_id = ctx.project_id) >= 1000 then
        perform refuse_v1(429, 'this project has 1000 sequences, the most it can have: use one that exists');
    end if;
    insert into sequences (project_id, sequence, prefix, pad, current)
    values (ctx.project_id, sequence_name, prefix, pad, current)
    returning * into counter;
    return counter;
end $$;
