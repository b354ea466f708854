-- The closed lanes that who asks is an insider of; none for the server's own jobs, which see all.
create function own_lanes_v1() returns text[] stable language sql as $$
    select nullif(nullif(current_setting('signalbox.lanes', true), ''), '*')::text[]
$$;
