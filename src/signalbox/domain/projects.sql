-- name: new_project
-- Under the lock of its owner, so that the limit holds; see the function.
select c.project as project_id, c.participation as participation_id
from new_project_v1(:owner_id, :name) c
limit 1;

-- name: project_settings
-- With the head of its ledger: only what was exported up to there may be deleted.
select j.name as project, j.liveness_seconds, j.created_at, j.archived_at, j.exported_seq, l.head
from projects j
join ledgers l on l.project_id = j.project_id
where j.project_id = :project_id and l.project_id = :project_id and j.deleted_at is null
order by j.project_id
limit 1;
