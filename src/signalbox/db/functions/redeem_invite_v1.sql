-- Redeems an invite for a participant of the project's owner: the code is all that the caller has.
create function redeem_invite_v1(redeemed_hash bytea, chosen_label text, new_token_hash bytea)
returns jsonb language plpgsql as $$
begin
    return take_invite_v1(redeemed_hash, null, chosen_label, new_token_hash);
end $$;
