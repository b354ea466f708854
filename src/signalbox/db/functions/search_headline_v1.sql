-- A line of a text that shows why it was found, with what was found between \x02 and \x03. PostgreSQL makes it of the
-- text without signs; the same places of the text itself are answered.
create function search_headline_v1(written text, wanted tsquery) returns text stable language plpgsql as $$
declare
    plain constant text := search_plain_v1(written);
    marked constant text := ts_headline('signalbox', plain, wanted,
        E'StartSel=\x02, StopSel=\x03, MinWords=12, MaxWords=24, ShortWord=0');
    place integer := strpos(plain, translate(marked, E'\x02\x03', ''));
    answer text := case when written is not null then '' end;
    piece record;
begin
    for piece in
        select length(s.part) as size, s.number % 2 = 0 as is_found
        from regexp_split_to_table(marked, E'[\x02\x03]') with ordinality as s (part, number)
        order by s.number
    loop
        answer := answer || case when piece.is_found then E'\x02' else '' end
            || translate(substr(written, place, piece.size), E'\x02\x03', '  ')
            || case when piece.is_found then E'\x03' else '' end;
        place := place + piece.size;
    end loop;
    return answer;
end $$;
