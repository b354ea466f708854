-- name: create_invite
-- Only the hash of the code goes in; the code itself is in the answer and nowhere else.
select create_invite_v1(
    (:project_id, :participation_id, :token_hash, :tool, :key, :arguments_hash)::act_ref,
    :code_hash, :label, :kind, :lane, :role, :uses, :ttl_hours
);

-- name: redeem
-- The caller has no token yet: the code is the credential, and the function finds its project.
select redeem_invite_v1(:code_hash, :label, :new_token_hash) as answer;
