-- What somebody types into a search box -> a query, whatever it is: words are all wanted, "a phrase" as it stands, `or`
-- between two, -without. A word with signs in it, such as src/app.py, becomes the phrase of its parts; only a - that
-- begins a word means without. What has more signs than PostgreSQL can take apart is read as words alone.
create function search_query_v1(typed text) returns tsquery immutable language plpgsql as $$
declare
    plain constant text := translate(
        regexp_replace(regexp_replace(typed, '(?<=\S)-', '_', 'g'), '-(?=\s|$)', ' ', 'g'),
        E'<>/.:@#=&+?%~\\\x02\x03', '________________');
begin
    return websearch_to_tsquery('signalbox', plain);
exception when internal_error then
    return plainto_tsquery('signalbox', plain);
end $$;
