-- The owner whom a provider's account belongs to: the one it was linked to, else the one with the email that the
-- provider has verified, to whom it is linked now. Null where there is neither. An owner who came by another account of
-- this provider keeps that one: an address that was given to somebody else must not take the owner's place.
create function know_identity_v1(given_provider text, given_subject text, verified_email text)
returns bigint language plpgsql as $$
declare
    known bigint;
begin
    update owner_identities i
    set email = verified_email, last_used_at = clock_timestamp()
    where i.provider = given_provider and i.subject = given_subject
    returning i.owner_id into known;
    if known is not null then
        return known;
    end if;
    -- The lock makes two accounts with one email that come at once take turns.
    select o.owner_id into known from owners o where lower(o.email) = lower(verified_email) for update;
    if known is null then
        return null;
    end if;
    if exists (
        select 1
        from owner_identities i
        where i.owner_id = known and i.provider = given_provider and i.subject <> given_subject
    ) then
        perform refuse_v1(
            409,
            'the owner with this email signs in with another account of this provider: sign in with that one, '
            'or by a link, and unlink it on the page Account'
        );
    end if;
    insert into owner_identities (provider, subject, owner_id, email)
    values (given_provider, given_subject, known, verified_email)
    on conflict on constraint owner_identities_pkey do nothing;
    return known;
end $$;
