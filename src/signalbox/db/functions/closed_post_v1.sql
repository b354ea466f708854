-- What closed_lane is of a post to some lanes, or null when it is open to the project. What goes to a closed lane goes
-- nowhere else, also later; and a thread is one or the other: an answer is given where the question was heard.
create function closed_post_v1(
    ctx act_context, answered posts, lanes text[], to_all boolean, reroute text
)
returns text language plpgsql as $$
declare
    lane text;
    closed text;
begin
    lanes := nullif(array_remove(lanes, null), '{}');
    foreach lane in array coalesce(lanes, '{}') loop
        if lane is distinct from answered.closed_lane then  -- which may be open by now: that stays closed
            closed := coalesce(closed_lane_v1(ctx, lane), closed);
        end if;
    end loop;
    if reroute <> 'lead' and closed_lane_v1(ctx, reroute) is not null and reroute is distinct from lanes[1] then
        perform refuse_v1(409, format('lane %L is closed: only what was posted to it may go on to it', reroute));
    end if;
    if answered.closed_lane is not null then
        if closed is not null or lanes <> array[answered.closed_lane] then
            perform refuse_v1(409, format(
                'post %s was said in the closed lane %L: answer it there', answered.post_id, answered.closed_lane));
        end if;
        closed := answered.closed_lane;
    elsif answered.post_id is not null and closed is not null then
        perform refuse_v1(409, format(
            'post %s is open to the project and lane %L is not: post there without reply_to', answered.post_id, closed));
    end if;
    if closed is not null and (cardinality(lanes) > 1 or to_all or reroute not in ('lead', closed)) then
        perform refuse_v1(409, format('a post to the closed lane %L goes to it alone', closed));
    end if;
    return closed;
end $$;
