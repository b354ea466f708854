-- The steps by which a node was reached, first one first.
create function circle_steps_v1(reached jsonb, node text) returns jsonb immutable language plpgsql as $$
declare
    steps jsonb := '[]';
begin
    while reached -> node <> 'null' loop
        steps := jsonb_build_array(reached #> array[node, 'step']) || steps;
        node := reached #>> array[node, 'from'];
    end loop;
    return steps;
end $$;
