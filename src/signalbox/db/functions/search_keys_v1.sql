-- The keys of filters, as lexemes that no text can have (a word has no slash) -> a query for all of them.
create function search_keys_v1(keys text[]) returns tsquery immutable language sql as $$
    select string_agg('''' || replace(replace(k, '\', '\\'), '''', '''''') || '''', ' & ')::tsquery
    from unnest(keys) k
$$;
