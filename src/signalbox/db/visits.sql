-- name: visit
-- Sets the tenant of the connection whatever comes of it; see the function.
select * from visit_v1(:session_hash, :idle_seconds, :project);
