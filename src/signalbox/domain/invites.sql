-- name: redeem
-- The caller has no token yet: the code is the credential, and the function finds its project.
select redeem_invite_v1(:code_hash, :label, :new_token_hash) as answer;
