-- Says a circle of waiting in words, and the cheapest way out of it: the release of the lease in it for which fewest
-- wait and, of those, that ends soonest; or, where nobody holds anything yet, that one leaves the line.
create function refuse_steps_v1(ctx act_context, request text, steps jsonb) returns void language plpgsql as $$
declare
    said text;
    cheapest leases;
    behind jsonb := jsonb_path_query_first(steps, '$[*] ? (exists(@.behind))');
    way_out jsonb;
begin
    select string_agg(
        case
            when s.step ? 'held_by' then
                format('%s waits for %L of %s', s.step ->> 'actor', s.step ->> 'surface', s.step ->> 'held_by')
            when s.step ? 'behind' then
                format('%s waits for %L behind %s', s.step ->> 'actor', s.step ->> 'waits_for', s.step ->> 'behind')
            when s.step ? 'owner' then format('task %s is that of %s', s.step ->> 'task_id', s.step ->> 'owner')
            else format('task %s%s waits on task %s', s.step ->> 'task_id',
                coalesce(' of ' || (s.step ->> 'actor'), ''), s.step ->> 'on')
        end, ', ' order by s.place)
    into said
    from jsonb_array_elements(steps) with ordinality as s (step, place);
    select l.* into cheapest
    from jsonb_array_elements(steps) as s (step)
    cross join lateral (
        select * from leases q where q.project_id = ctx.project_id and q.lease_id = (s.step ->> 'lease_id')::bigint limit 1
    ) l
    order by (
        select count(*)
        from lease_waiters w
        where w.project_id = ctx.project_id
            and w.participation_id <> l.participation_id
            and w.waits_until > ctx.at
            and not (w.mode = 'shared' and l.mode = 'shared')
            and surfaces_overlap_v1(w.surface, l.surface)
    ), l.expires_at, l.lease_id
    limit 1;
    if cheapest.lease_id is not null then
        said := said || format('. Cheapest way out: %s releases %L', cheapest.actor, cheapest.surface);
        way_out := jsonb_build_object(
            'actor', cheapest.actor, 'release', cheapest.surface, 'lease_id', cheapest.lease_id,
            'expires_at', cheapest.expires_at);
    else
        said := said || format('. Cheapest way out: %s leaves the queue for %L', behind ->> 'actor',
            behind ->> 'waits_for');
        way_out := jsonb_build_object('actor', behind ->> 'actor', 'leave', behind ->> 'waits_for');
    end if;
    perform refuse_v1(409, format('%s would never end: %s', request, said),
        jsonb_build_object('circle', steps, 'way_out', way_out));
end $$;
