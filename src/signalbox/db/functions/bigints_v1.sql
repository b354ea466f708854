-- A JSON list of numbers as an array; null stays null.
create function bigints_v1(list jsonb) returns bigint[] immutable language plpgsql as $$
begin
    if list is null or jsonb_typeof(list) = 'null' then
        return null;
    end if;
    return array(select jsonb_array_elements_text(list)::bigint);
end $$;
