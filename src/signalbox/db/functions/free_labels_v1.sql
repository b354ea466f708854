-- Up to three labels near a wish that this owner has given to nobody, now or before.
create function free_labels_v1(owner bigint, wanted text) returns text[] stable language plpgsql as $$
begin
    return array(
        select near.label
        from (select left(wanted, 61) || '-' || n as label, n from generate_series(2, 40) n) near
        where (select true from labels b where b.owner_id = owner and b.label = near.label) is null
        order by near.n
        limit 3
    );
end $$;
