-- How a participant can be reached now, by the last mark of it: an open stream or wait is marked every 16 seconds, a
-- hook when it calls, which it does as long as its agent works. The clock is the statement's, so that a statement takes
-- this in instead of calling it for each.
create function reach_now_v1(reach text, reach_at timestamptz) returns text stable language sql as $$
    select case
        when reach = 'hook' and reach_at > statement_timestamp() - interval '5 minutes' then reach
        when reach <> 'hook' and reach_at > statement_timestamp() - interval '45 seconds' then reach
        else 'none'
    end
$$;
