-- What somebody wrote with an event, for search: the body of its post, the detail of the task it made, or the words it
-- carries itself. Null where there is nothing.
create function search_words_v1(event events, body text) returns text immutable language sql as $$
    select nullif(trim(
        coalesce(body, '') || ' ' ||
        coalesce(event.payload ->> 'note', '') || ' ' ||
        coalesce(event.payload ->> 'reason', '') || ' ' ||
        coalesce(event.payload ->> 'description', '') || ' ' ||
        coalesce(case when event.type = 'register' then event.payload ->> 'status' end, '')), '')
$$;
