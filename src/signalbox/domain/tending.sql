-- name: tend_work
-- The next project that has something to be tended, a few of each; see the function.
select t.project_id, t.given_back, t.renewed
from tend_work_v1(:after, :silence_seconds, :renew_seconds, :each_max) t
limit 1;
