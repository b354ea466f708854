-- name: list_tokens
-- For the operator, over all projects or one; a page of 200 by token id.
select
    t.token_id,
    j.name as project,
    o.handle || case when a.label = '' then '' else '/' || a.label end as actor,
    p.role, t.scopes, t.tool_groups, t.created_at, t.expires_at, t.revoked_at, t.last_used_at,
    h.email as owner_email,
    j.project_id
from tokens t
join participations p on p.participation_id = t.participation_id
join participants a on a.participant_id = p.participant_id
join owners o on o.owner_id = a.owner_id
join projects j on j.project_id = p.project_id
join owners h on h.owner_id = j.owner_id
where j.deleted_at is null
    and (:project::text is null or j.name = :project)
    and (:token_id::bigint is null or t.token_id = :token_id)
    and (:after::bigint is null or t.token_id > :after)
order by t.token_id
limit 200;

-- name: count_tokens
-- Whether a participant was ever given a token in a project, whatever it is called now: `up` mints the first one, and
-- only that.
select count(*) as tokens
from tokens t
join participations p on p.participation_id = t.participation_id
join labels b on b.participant_id = p.participant_id
where p.project_id = :project_id and b.label = :label;

-- name: list_project_tokens
-- Through the view, which binds them to the tenant: at most 1,000 members, whose tokens are found by index.
select
    t.token_id, t.participation_id, m.actor, t.scopes, t.tool_groups, t.created_at, t.expires_at, t.revoked_at,
    t.replaced_at, t.last_used_at,
    case
        when t.revoked_at is not null then 'revoked'
        when t.expires_at <= clock_timestamp() then 'expired'
        when t.replaced_at is not null then 'replaced'
        else 'active'
    end as state,
    m.handle <> o.handle as is_foreign
from members m
join projects j on j.project_id = m.project_id
join owners o on o.owner_id = j.owner_id
join tokens t on t.participation_id = m.participation_id
where m.project_id = :project_id
    and (:participation_id::bigint is null or m.participation_id = :participation_id)
    and (:before::bigint is null or t.token_id < :before)
order by t.token_id desc
limit :limit;
