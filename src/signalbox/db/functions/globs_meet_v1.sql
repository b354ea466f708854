-- Whether some one path fits both globs, segment by segment; ** stands for any number of segments, none
-- included. The same walk as segments_overlap_v1, one level up.
create function globs_meet_v1(left_glob text, right_glob text) returns boolean immutable language plpgsql as $$
declare
    a text[] := string_to_array(left_glob, '/');
    b text[] := string_to_array(right_glob, '/');
    reach boolean[];
    above boolean[];
begin
    for i in 0..cardinality(a) loop
        for j in 0..cardinality(b) loop
            reach[j + 1] := case
                when i = 0 and j = 0 then true
                when i = 0 then b[j] = '**' and reach[j]
                when j = 0 then a[i] = '**' and above[1]
                when a[i] = '**' then above[j + 1] or reach[j]
                when b[j] = '**' then reach[j] or above[j + 1]
                else above[j] and segments_overlap_v1(a[i], b[j])
            end;
        end loop;
        above := reach;
    end loop;
    return reach[cardinality(b) + 1];
end $$;
