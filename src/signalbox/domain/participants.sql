-- name: list_participants
-- A project has at most 1,000 participants, so this is one page. Tokens are looked at by participation.
select
    case when m.label = '' then m.handle else m.label end as name,
    m.actor, m.kind, m.lane, m.role = 'lead' as is_admin,
    exists (
        select 1
        from tokens t
        where t.participation_id = m.participation_id
            and t.revoked_at is null
            and (t.expires_at is null or t.expires_at > clock_timestamp())
    ) as token_active
from members m
where m.project_id = :project_id and m.removed_at is null
order by m.participation_id
limit 1000;

-- name: admin_provision
-- Participant, participation and token together; only the hash of the token goes in.
select admin_provision_v1(
    (:project_id, :participation_id, :token_hash, :tool, :key, :arguments_hash)::act_ref,
    :label, :kind, :lane, :role, :allow_existing, :new_token_hash, :scopes
);

-- name: admin_rotate
select admin_rotate_v1(
    (:project_id, :participation_id, :token_hash, :tool, :key, :arguments_hash)::act_ref, :name, :new_token_hash
);

-- name: admin_revoke
select admin_revoke_v1(
    (:project_id, :participation_id, :token_hash, :tool, :key, :arguments_hash)::act_ref, :name
);
