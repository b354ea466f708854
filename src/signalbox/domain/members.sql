-- name: list_members
-- Those who were removed too: a project has at most 1,000 of both. Tokens are looked up one by one: exists (…) may be
-- planned as a table of all tokens of all projects.
select
    m.participation_id, m.actor, m.handle, m.label, m.kind, m.role, m.lane, m.granted_at, m.removed_at, p.last_seen_at,
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
    m.handle <> o.handle as is_foreign,
    p.status, nullif(p.availability, 'active') as availability, nullif(p.visibility, 'visible') as visibility,
    coalesce(p.tags, '{}') as tags, reach_now_v1(p.reach, p.reach_at) as reach,
    array(
        select b.label
        from labels b
        where b.participant_id = m.participant_id and b.given_up_at is not null
        order by b.given_up_at desc
    ) as former_labels
from members m
join projects j on j.project_id = m.project_id
join owners o on o.owner_id = j.owner_id
left join presence p on p.project_id = m.project_id and p.participation_id = m.participation_id
where m.project_id = :project_id
    and m.participation_id > :after
    and (:is_removed::boolean is null or (m.removed_at is not null) = :is_removed)
order by m.participation_id
limit :limit;
