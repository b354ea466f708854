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
