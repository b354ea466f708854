-- Whether some one name fits both patterns, where * is any run of characters, ? is any one, and the rest
-- stands for itself. Reachable pairs of positions, row by row: at most 200 by 200 steps.
create function segments_overlap_v1(a text, b text) returns boolean immutable language plpgsql as $$
declare
    reach boolean[];
    above boolean[];
    x text;
    y text;
begin
    if a = b or a = '*' or b = '*' then
        return true;
    end if;
    if a !~ '[*?]' and b !~ '[*?]' then
        return false;
    end if;
    -- reach[j + 1] after i rows: the first i characters of a and the first j of b can be the same name.
    for i in 0..length(a) loop
        x := substr(a, i, 1);
        for j in 0..length(b) loop
            y := substr(b, j, 1);
            reach[j + 1] := case
                when i = 0 and j = 0 then true
                when i = 0 then y = '*' and reach[j]
                when j = 0 then x = '*' and above[1]
                when x = '*' then above[j + 1] or reach[j] or (y = '*' and above[j])
                when y = '*' then reach[j] or above[j + 1] or above[j]
                else (x = y or x = '?' or y = '?') and above[j]
            end;
        end loop;
        above := reach;
    end loop;
    return reach[length(b) + 1];
end $$;
