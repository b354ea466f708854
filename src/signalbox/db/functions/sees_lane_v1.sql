-- Whether who asks may see what belongs to a lane: the condition of row security (bind_to_lanes), for columns that it
-- does not hide and for functions that it does not bind. Null is open to the project; the answer is never null.
create function sees_lane_v1(closed_lane text) returns boolean stable language sql as $$
    select case
        when closed_lane is null then true
        when current_setting('signalbox.lanes', true) = '*' then true
        else coalesce(closed_lane = any(nullif(current_setting('signalbox.lanes', true), '')::text[]), false)
    end
$$;
