-- Says which groups of tools a token is shown that an act has just made, and answers what the act answers. Null: all.
create function with_tools_v1(answer jsonb, new_token_hash bytea, groups jsonb) returns jsonb language plpgsql as $$
begin
    if jsonb_typeof(groups) = 'array' then
        update tokens t
        set tool_groups = array(select jsonb_array_elements_text(groups))
        where t.token_hash = new_token_hash;
    end if;
    return answer;
end $$;
