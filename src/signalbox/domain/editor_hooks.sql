-- name: show_inbox
-- What a session has not been shown yet, and that it has been now; see the function.
select
    s.post_id, s.author as "from", s.kind, s.urgency, s.subject, s.ref, s.body, s.body_characters
from show_inbox_v1(:project_id, :participation_id, :session, :anew, :urgent_only, :limit) s
order by s.post_id
limit :limit;
