-- Sets which closed lanes the rest of the act sees ('*': all) and answers which it saw before.
create function see_lanes_v1(lanes text) returns text language plpgsql as $$
declare
    seen_before text := current_setting('signalbox.lanes', true);
begin
    perform set_config('signalbox.lanes', lanes, true);
    return coalesce(seen_before, '');
end $$;
