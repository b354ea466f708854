-- name: list_tokens
-- For the operator, over all projects or one; a page of 200 by token id.
select
    t.token_id,
    j.name as project,
    o.handle || case when a.label = '' then '' else '/' || a.label end as actor,
    p.role, t.scopes, t.created_at, t.expires_at, t.revoked_at, t.last_used_at,
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
-- Whether a participant was ever given a token in a project: `up` mints the first one, and only that.
select count(*) as tokens
from tokens t
join participations p on p.participation_id = t.participation_id
join participants a on a.participant_id = p.participant_id
where p.project_id = :project_id and a.label = :label;
