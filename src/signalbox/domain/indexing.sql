-- name: index_search
-- What somebody has just done in some projects; see the function.
select index_search_v1(:project_ids, :events_max) as indexed;

-- name: index_behind
-- What nobody has indexed in passing, project after project; see the function.
select b.indexed, b.reached from index_behind_v1(:after, :projects_max, :events_max) b order by b.reached limit 1;
