-- What an event is called by, for search: it counts for more than the rest. Null where there is nothing.
create function search_title_v1(event events) returns text immutable language sql as $$
    select nullif(trim(
        coalesce(event.payload ->> 'subject', '') || ' ' ||
        coalesce(event.payload ->> 'title', '') || ' ' ||
        coalesce(event.payload ->> 'sequence', '') || ' ' ||
        coalesce(event.payload ->> 'formatted', '') || ' ' ||
        coalesce(event.payload ->> 'surface', '')), '')
$$;
