-- name: list_owners
-- By key; how many projects each has is counted by index, per owner shown.
select
    o.owner_id, o.handle, o.email, o.is_operator, o.created_at, o.suspended_at,
    (select count(*) from projects j where j.owner_id = o.owner_id and j.deleted_at is null) as projects
from owners o
where o.owner_id > :after
order by o.owner_id
limit :limit;

-- name: one_owner
select
    o.owner_id, o.handle, o.email, o.is_operator, o.created_at, o.suspended_at,
    (select count(*) from projects j where j.owner_id = o.owner_id and j.deleted_at is null) as projects
from owners o
where o.owner_id = :owner_id
order by o.owner_id
limit 1;

-- name: list_all_projects
-- Sizes come from the heads of the ledgers, of which a connection sees those of its tenant; see the function.
select
    a.project_id, a.project, a.handle, a.created_at, a.archived_at, a.events, a.posts, a.tasks, a.last_at
from all_projects_v1(:after, :limit) a
order by a.project_id
limit :limit;

-- name: server_facts
-- One row; the server's role could not see all of it, so see the function.
select
    f.server_version, f.schema_revision, f.database_bytes, f.connections_used, f.connections_max,
    f.oldest_transaction_seconds
from server_facts_v1() f
limit 1;

-- name: suspend_owner
-- Under the locks of all operators; see the function.
select s.owner_id, s.handle, s.suspended_at from suspend_owner_v1(:operator, :handle, :suspended) s limit 1;

-- name: list_errors
-- All that are kept.
select e.error_id, e.at, e.request_id, e.method, e.path, e.kind, e.place
from server_errors e
order by e.error_id desc
limit 200;

-- name: note_error
-- Those beyond the newest 200 go in the same statement; see the function.
select note_error_v1(:request_id, :method, :path, :kind, :place);
