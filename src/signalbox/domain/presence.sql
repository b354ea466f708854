-- name: who_is_active
-- Liveness is a window of minutes over marks written at most every 15 seconds; who listens is live however long ago it
-- called. At most 1,000 participants are in a project, so this is one page.
select
    p.actor, p.lane, p.status, p.last_seen, p.availability, p.visibility, p.tags, p.reach,
    u.unread
from present p
cross join lateral unread_of_v1(p.project_id, p.participation_id) as u (unread)
where p.project_id = :project_id
    and (
        p.last_seen > clock_timestamp() - make_interval(secs => :within_seconds)
        or p.reach in ('stream', 'wait')
    )
    and (p.visibility is null or :is_lead::boolean or p.participation_id = :participation_id)
    and (:lane::text is null or p.lane = :lane)
    and (:tag::text is null or :tag = any(p.tags))
order by p.last_seen desc, p.actor
limit 1000;

-- name: touch
-- All heartbeats of one second in one statement; see the function.
select touch_v2(:project_ids, :participation_ids, :called, :reaches, :token_hashes);
