-- What somebody types into a search box -> a query, whatever it is: words are all wanted, "a phrase" as it stands, `or`
-- between two, -without. A word with signs in it, such as src/app.py, becomes the phrase of its parts; only a - that
-- begins a word means without.
create function search_query_v1(typed text) returns tsquery immutable language sql as $$
    select websearch_to_tsquery('signalbox',
        translate(regexp_replace(typed, '(?<=\S)-', '_', 'g'), E'<>/.:@#=&+?%~\\\x02\x03', '________________'))
$$;
