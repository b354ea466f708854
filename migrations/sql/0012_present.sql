-- Who is in a project and was ever seen there, as lists show it; null where it goes without saying. Who never registered
-- stands with the lane it was granted. Who is in a closed lane is shown there to those who see that lane, and to others
-- where it was before. Row security is that of who asks.
create view present with (security_invoker) as
select
    p.project_id,
    p.participation_id,
    m.actor,
    coalesce(case when sees_lane_v1(p.closed_lane) then p.closed_lane end, p.lane, m.lane) as lane,
    case when p.closed_lane is not null and sees_lane_v1(p.closed_lane) then p.closed_status else p.status end as status,
    p.last_seen_at as last_seen,
    nullif(p.availability, 'active') as availability,
    nullif(p.visibility, 'visible') as visibility,
    nullif(p.tags, '{}') as tags,
    reach_now_v1(p.reach, p.reach_at) as reach
from presence p
cross join lateral (  -- one by one: joined, all members of the project would be gone through for each
    select n.actor, n.lane
    from members n
    where n.project_id = p.project_id and n.participation_id = p.participation_id and n.removed_at is null
    limit 1
) m;
create trigger keep_label after insert or update of label on participants
    for each row execute function keep_label_v1();
