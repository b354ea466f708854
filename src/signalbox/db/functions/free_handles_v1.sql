-- Up to three handles near a wish that nobody has or ever had.
create function free_handles_v1(wanted text) returns text[] stable language plpgsql as $$
begin
    return array(
        select near.handle
        from (select left(wanted, 36) || '-' || n as handle, n from generate_series(2, 40) n) near
        where (select true from handles h where h.handle = near.handle) is null
        order by near.n
        limit 3
    );
end $$;
