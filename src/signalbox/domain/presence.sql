-- name: who_is_active
-- Liveness is a window of minutes over marks written at most every 15 seconds; who holds a stream is live however long
-- ago it called. Who never registered stands with the lane it was granted. At most 1,000 participants are in a project,
-- so this is one page.
select
    m.actor, coalesce(p.lane, m.lane) as lane, p.status, p.last_seen_at as last_seen,
    nullif(p.availability, 'active') as availability, nullif(p.visibility, 'visible') as visibility, nullif(p.tags, '{}') as tags,
    reach_now_v1(p.reach, p.reach_at) as reach, unread_posts_v1(p.project_id, p.participation_id) as unread
from presence p
join members m on m.project_id = p.project_id and m.participation_id = p.participation_id
where p.project_id = :project_id
    and m.removed_at is null
    and (
        p.last_seen_at > clock_timestamp() - make_interval(secs => :within_seconds)
        or reach_now_v1(p.reach, p.reach_at) in ('stream', 'wait')
    )
    and (p.visibility = 'visible' or :is_lead::boolean)
    and (:lane::text is null or coalesce(p.lane, m.lane) = :lane)
    and (:tag::text is null or :tag = any(p.tags))
order by p.last_seen_at desc, m.actor
limit 1000;

-- name: touch
-- All heartbeats of one second in one statement; see the function.
select touch_v2(:project_ids, :participation_ids, :called, :reaches, :token_hashes);
