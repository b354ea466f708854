-- Gives a participation a token; only its hash comes here.
create function give_token_v1(
    participation bigint, new_token_hash bytea, token_scopes text[], valid_seconds integer,
    out token_id bigint, out expires_at timestamptz
) language plpgsql as $$
#variable_conflict use_column
begin
    if (
        select count(*)
        from tokens t
        where t.participation_id = give_token_v1.participation
            and t.revoked_at is null
            and (t.expires_at is null or t.expires_at > clock_timestamp())
    ) >= 100 then
        perform refuse_v1(429, 'this participant has 100 tokens that hold, the most it can have: revoke some');
    end if;
    insert into tokens (token_hash, participation_id, scopes, expires_at)
    values (new_token_hash, participation, token_scopes,
        date_trunc('milliseconds', clock_timestamp()) + make_interval(secs => valid_seconds))
    returning tokens.token_id, tokens.expires_at into give_token_v1.token_id, give_token_v1.expires_at;
end $$;
