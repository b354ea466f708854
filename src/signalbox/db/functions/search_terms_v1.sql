-- A query and the keys of filters as at most six queries that must all hold, after a first one of what must be missing
-- (null: nothing). PostgreSQL goes through all that has the rarest word of one query, wherever it is, but through
-- several queries at once it skips what any of them lacks.
create function search_terms_v1(wanted tsquery, filters text[]) returns tsquery[] immutable language plpgsql as $$
declare
    terms tsquery[] := array(select search_keys_v1(array[key]) from unnest(filters) key);
    missing tsquery;
    term tsquery;
begin
    if wanted::text ~ '[|(]' then
        terms := terms || wanted;
    else
        foreach term in array regexp_split_to_array(wanted::text, ' & ')::tsquery[] loop
            if term::text like '!%' then
                missing := case when missing is null then term else missing && term end;
            else
                terms := terms || term;
            end if;
        end loop;
    end if;
    while cardinality(terms) > 6 loop
        terms := terms[:5] || (terms[6] && terms[7]) || terms[8:];
    end loop;
    return missing || terms;
end $$;
