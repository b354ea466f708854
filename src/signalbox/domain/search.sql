-- name: search
-- One function, since what to read next depends on what was found; see search_v1 and search_hits_v1.
select s.hits, s.next_upto, s.next_skip, s.next_above, s.unsearched
from search_v1(
    :project_id, :query, :kind, :actor, :lane, :tag, :ref, :thread, :since, :until, :upto, :skip, :above, :limit,
    :ranked_max, :tail_max, :looks_max, :seconds_max) s
order by s.unsearched
limit 1;
