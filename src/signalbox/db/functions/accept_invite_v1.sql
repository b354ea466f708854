-- Redeems an invite for a participant of an owner who is signed in: a token into the project, and no more rights
-- over it than the invite's role.
create function accept_invite_v1(redeemed_hash bytea, accepting_owner bigint, chosen_label text, new_token_hash bytea)
returns jsonb language plpgsql as $$
begin
    if not exists (select 1 from owners o where o.owner_id = accepting_owner and o.suspended_at is null) then
        perform refuse_v1(403, 'this owner is suspended: write to the operator of this server');
    end if;
    return take_invite_v1(redeemed_hash, accepting_owner, chosen_label, new_token_hash);
end $$;
