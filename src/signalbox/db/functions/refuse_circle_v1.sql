-- Refuses what would let a participant wait for itself, through leases waited for and tasks that wait: names the
-- shortest such circle, and the lease in it whose release costs least. Tasks alone are no matter of participants, who
-- can do one before the other: a circle goes through a lease (+; - is a node that was reached by tasks only).
-- Breadth first, to 16 steps and 500 nodes; a circle that is longer than that is not found.
create function refuse_circle_v1(ctx act_context, waiter bigint, request text) returns void language plpgsql as $$
declare
    start text := 'p' || waiter;
    frontier text[] := array[start || '-'];
    reached jsonb := jsonb_build_object(start || '-', null);
    next_nodes text[];
    edge record;
begin
    for depth in 1..16 loop
        next_nodes := '{}';
        for edge in
            select
                f.node as came_from, w.step,
                w.for_node || case when w.is_lease or right(f.node, 1) = '+' then '+' else '-' end as node
            from unnest(frontier) as f (node)
            join waits_of_v1(
                ctx.project_id,
                array(select substring(p.node from '^p(\d+)')::bigint from unnest(frontier) as p (node) where p.node ~ '^p'),
                array(select substring(t.node from '^t(\d+)')::bigint from unnest(frontier) as t (node) where t.node ~ '^t'),
                ctx.at
            ) w on w.node = left(f.node, -1)
        loop
            if edge.node = start || '+' then
                perform refuse_steps_v1(ctx, request, circle_steps_v1(reached, edge.came_from) || edge.step);
            elsif not reached ? edge.node then
                reached := reached || jsonb_build_object(
                    edge.node, jsonb_build_object('from', edge.came_from, 'step', edge.step));
                next_nodes := next_nodes || edge.node;
            end if;
        end loop;
        exit when next_nodes = '{}' or (select count(*) from jsonb_object_keys(reached)) > 500;
        frontier := next_nodes;
    end loop;
end $$;
