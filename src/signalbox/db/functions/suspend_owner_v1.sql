-- Suspends an owner, or lets it be again. All operators' rows are locked first: of two who suspend each other at once
-- one is refused, so that the server never is without one.
create function suspend_owner_v1(operator bigint, wanted text, suspended boolean)
returns table (owner_id bigint, handle text, suspended_at timestamptz) language plpgsql as $$
#variable_conflict use_column
declare
    meant bigint;
begin
    perform from owners o where o.is_operator order by o.owner_id for no key update;
    if not exists (select 1 from owners o where o.owner_id = operator and o.is_operator and o.suspended_at is null) then
        perform refuse_v1(403, 'only an operator of this server may suspend an owner');
    end if;
    select h.owner_id into meant from handles h where h.handle = lower(wanted);
    if meant is null then
        perform refuse_v1(404, format('no owner %L: the list of owners shows them', wanted));
    elsif meant = operator then
        perform refuse_v1(409, 'an operator cannot suspend itself: another operator can');
    end if;
    return query
    update owners o
    set suspended_at = case when suspended then coalesce(o.suspended_at, clock_timestamp()) end
    where o.owner_id = meant
    returning o.owner_id, o.handle, o.suspended_at;
end $$;
