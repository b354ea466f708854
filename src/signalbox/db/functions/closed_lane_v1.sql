-- What closed_lane is of something that the caller says in a lane: its name, or null when it is open to the project.
-- Refuses who is not in it. A secret lane has a name with ~ in it and others have not, so that one that there is not
-- is answered like one that the caller is not in.
create function closed_lane_v1(ctx act_context, lane_name text) returns text stable language plpgsql as $$
declare
    lane_access text;
begin
    if coalesce(current_setting('signalbox.lanes', true), '') = '' and coalesce(position('~' in lane_name), 0) = 0 then
        return null;  -- no lane of this project was ever closed
    end if;
    select l.access into lane_access
    from lanes l
    where l.project_id = ctx.project_id and l.lane = lane_name;
    if lane_access is null and position('~' in lane_name) > 0 then
        perform refuse_v1(404, format('no lane %L that you are in: list_lanes shows yours', lane_name));
    end if;
    if lane_access is null or lane_access = 'open' then
        return null;
    end if;
    if not sees_lane_v1(lane_name) then
        perform refuse_v1(403,
            format('lane %L is private and you are not in it: a member may invite you, then join_lane', lane_name));
    end if;
    return lane_name;
end $$;
