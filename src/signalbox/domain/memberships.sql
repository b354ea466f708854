-- name: create_participant
-- One row, or none when the label is taken; see the function.
select c.participant_id, c.label, c.kind, c.created_at
from create_participant_v1(:owner_id, :label, :kind) c
order by c.participant_id
limit 1;

-- name: list_owner_participants
-- A page by label, read off the key that makes it unique. Each with the newest 20 projects it is in.
select a.participant_id, a.label, a.kind, a.created_at, coalesce(
    (
        select jsonb_agg(jsonb_build_object(
            'project_id', here.project_id, 'project', here.name, 'handle', here.handle, 'role', here.role)
            order by here.handle, here.name)
        from (
            select p.project_id, j.name, o.handle, p.role
            from participations p
            join projects j on j.project_id = p.project_id
            join owners o on o.owner_id = j.owner_id
            where p.participant_id = a.participant_id and p.removed_at is null
            order by p.participation_id desc
            limit 20
        ) here
    ),
    '[]'
) as projects
from participants a
where a.owner_id = :owner_id
    and a.label > :after
    and a.removed_at is null
    and (
        :outside_project_id::bigint is null
        or (
            select true
            from participations p
            where p.project_id = :outside_project_id
                and p.participant_id = a.participant_id
                and p.removed_at is null
        ) is null
    )
order by a.label
limit :limit;

-- name: list_foreign_memberships
-- The project's owner is another one. Control tables only: no tenant is known yet.
select
    p.participation_id, p.project_id, j.name as project, h.handle as project_handle, o.handle, a.label,
    o.handle || '/' || a.label as actor, a.kind, p.role, p.lane, p.granted_at, j.liveness_seconds
from participants a
join participations p on p.participant_id = a.participant_id
join projects j on j.project_id = p.project_id
join owners h on h.owner_id = j.owner_id
join owners o on o.owner_id = a.owner_id
where a.owner_id = :owner_id
    and j.owner_id <> :owner_id
    and a.removed_at is null
    and p.removed_at is null
    and j.archived_at is null
    and p.participation_id > :after
    and (:participation_id::bigint is null or p.participation_id = :participation_id)
order by p.participation_id
limit :limit;
