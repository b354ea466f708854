-- name: list_lanes
-- Names off the ends of indexes, and what the caller may know of each; see the function.
select l.lane, l.access, l.description, l.members, l.joined, nullif(l.invited, false) as invited
from list_lanes_v1(:project_id, :participation_id, :after, null, :limit) l
order by l.lane
limit :limit;

-- name: one_lane
-- Like list_lanes; see the function.
select l.lane, l.access, l.description, l.members, l.joined, nullif(l.invited, false) as invited, l.maker
from list_lanes_v1(:project_id, :participation_id, '', :lane, 1) l
order by l.lane
limit 1;

-- name: list_lane_members
-- Who is in a lane, first those who joined first; of a closed one row security shows its insiders. At most 1,000
-- participants are in a project, so this is one page.
select m.participation_id, n.actor, m.joined_at
from lane_members m
join members n on n.project_id = m.project_id and n.participation_id = m.participation_id
where m.project_id = :project_id and m.lane = :lane
order by m.joined_at, m.participation_id
limit 1000;
