-- name: visit
-- Sets the tenant and the lanes of the connection whatever comes of it; see the function.
select * from visit_v2(:session_hash, :idle_seconds, :project);

-- name: watched_heads
-- All open pages of a worker in one statement; see the function.
select place, head from watched_heads_v1(:session_hashes, :project_ids, :idle_seconds);
