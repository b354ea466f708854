-- name: redeem
-- The caller has no token yet: the code is the credential, and the function finds its project.
select redeem_invite_v1(:code_hash, :label, :new_token_hash) as answer;

-- name: accept_invite
-- Like redeem, for a participant of an owner who is signed in.
select accept_invite_v1(:code_hash, :owner_id, :label, :new_token_hash) as answer;

-- name: list_invites
-- By the project's own index; the code is nowhere but with whom it was sent to.
select
    i.invite_id, i.label as name, i.kind, i.lane, i.role, i.uses, i.uses_max, i.created_by, i.created_at,
    i.expires_at, i.revoked_at,
    case
        when i.revoked_at is not null then 'revoked'
        when i.uses >= i.uses_max then 'used'
        when i.expires_at <= clock_timestamp() then 'expired'
        else 'open'
    end as state
from invites i
where i.project_id = :project_id and (:before::bigint is null or i.invite_id < :before)
order by i.invite_id desc
limit :limit;

-- name: look_at_invite
-- The code is the credential. One that was revoked is found out like one that is not known, and so is one of a project
-- that takes nobody in.
select
    case
        when i.expires_at <= clock_timestamp() then 'expired'
        when i.uses >= i.uses_max then 'exhausted'
    end as error,
    j.name as project, h.handle as project_handle, i.kind, i.lane, i.role, i.label as name, i.expires_at
from invites i
join projects j on j.project_id = i.project_id
join owners h on h.owner_id = j.owner_id
where i.code_hash = :code_hash
    and i.revoked_at is null
    and j.archived_at is null
    and j.deleted_at is null
    and h.suspended_at is null
order by i.invite_id
limit 1;
