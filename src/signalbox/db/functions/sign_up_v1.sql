-- Makes an owner of who has proved an identity in this browser and now chose a handle, and uses that proof up. Null where
-- there is none, or it has expired. A handle that is taken undoes all of it, so that another can be chosen.
create function sign_up_v1(browser bytea, chosen_handle text, out owner bigint, out return_to text, out provider text)
language plpgsql as $$
declare
    proved sign_ups;
begin
    delete from sign_ups u where u.browser_hash = browser returning * into proved;
    if proved.expires_at is null or proved.expires_at <= clock_timestamp() then
        return;
    end if;
    select made.owner_id into owner from create_owner_v1(proved.email, chosen_handle, false) made;
    insert into owner_identities (provider, subject, owner_id, email)
    values (proved.provider, proved.subject, owner, proved.email);
    return_to := proved.return_to;
    provider := proved.provider;
end $$;
