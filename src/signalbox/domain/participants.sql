-- name: list_participants
-- A project has at most 1,000 participants, so this is one page. Tokens are looked up one by one: exists (…) may be
-- planned as a table of all tokens of all projects.
select
    case when m.label = '' then m.handle else m.label end as name,
    m.actor, m.kind, m.lane, m.role = 'lead' as is_admin,
    coalesce(
        (
            select true
            from tokens t
            where t.participation_id = m.participation_id
                and t.revoked_at is null
                and (t.expires_at is null or t.expires_at > clock_timestamp())
            limit 1
        ),
        false
    ) as token_active,
    case when r.is_lead then nullif(p.visibility, 'visible') end as visibility
from members m
left join presence p on p.project_id = :project_id and p.participation_id = m.participation_id
cross join (select :is_lead::boolean as is_lead) r
where m.project_id = :project_id
    and m.removed_at is null
    and (p.visibility is distinct from 'ghost' or r.is_lead or m.participation_id = :participation_id)
order by m.participation_id
limit 1000;
