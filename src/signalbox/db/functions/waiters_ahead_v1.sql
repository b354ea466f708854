-- Who came before a waiter, would collide with it, and is still there: whose time is up, two minutes after its last
-- sign, is not waited for. What is fixed at the beginning of two surfaces is compared before the surfaces are.
create function waiters_ahead_v1(project bigint, waiter lease_waiters, at timestamptz)
returns setof lease_waiters stable language plpgsql as $$
begin
    return query
    select *
    from lease_waiters w
    where w.project_id = project
        and w.place < waiter.place
        and w.participation_id <> waiter.participation_id
        and w.waits_until > at
        and not (w.mode = 'shared' and waiter.mode = 'shared')
        and (starts_with(w.fixed, waiter.fixed) or starts_with(waiter.fixed, w.fixed))
        and surfaces_overlap_v1(w.surface, waiter.surface);
end $$;
