-- name: waiters
-- A project has 500 at most.
select w.actor, w.surface, nullif(w.mode, 'exclusive') as mode, w.queued_at
from lease_waiters w
where w.project_id = :project_id
    and w.waits_until > clock_timestamp()
    and (:surface::text is null or surfaces_overlap_v1(w.surface, :surface))
order by w.place
limit :limit;
