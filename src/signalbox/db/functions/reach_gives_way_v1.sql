-- Whether one way in which a participant can be reached is replaced by another that was seen just now: the same way
-- once its mark is 15 seconds old; another when it is better (a stream, a wait, a hook), or when the mark is 45 seconds
-- old and so nobody renews it any more.
create function reach_gives_way_v1(reach text, reach_at timestamptz, seen text, seen_at timestamptz)
returns boolean immutable language sql as $$
    select case
        when seen is null then false
        when reach is null then true
        when reach = seen then reach_at < seen_at - interval '15 seconds'
        else array_position('{hook,wait,stream}', seen) > array_position('{hook,wait,stream}', reach)
            or reach_at < seen_at - interval '45 seconds'
    end
$$;
