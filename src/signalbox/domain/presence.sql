-- name: who_is_active
-- Liveness is a window of minutes over marks written at most every 15 seconds; who holds a stream is live however long
-- ago it called. Who never registered stands with the lane it was granted. Who is in a closed lane is shown there to
-- those who see that lane, and to others where it was before. At most 1,000 participants are in a project, so this is one
-- page.
select
    m.actor, coalesce(case when sees_lane_v1(p.closed_lane) then p.closed_lane end, p.lane, m.lane) as lane,
    case when p.closed_lane is not null and sees_lane_v1(p.closed_lane) then p.closed_status else p.status end as status,
    p.last_seen_at as last_seen,
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
    and (p.visibility = 'visible' or :is_lead::boolean or p.participation_id = :participation_id)
    and (
        :lane::text is null
        or coalesce(case when sees_lane_v1(p.closed_lane) then p.closed_lane end, p.lane, m.lane) = :lane
    )
    and (:tag::text is null or :tag = any(p.tags))
order by p.last_seen_at desc, m.actor
limit 1000;

-- name: touch
-- All heartbeats of one second in one statement; see the function.
select touch_v2(:project_ids, :participation_ids, :called, :reaches, :token_hashes);
