-- name: look
-- All conditions but those on events, as of one moment; see the function.
select head, upto, again_seconds, fired
from wait_look_v1(:project_id, :participation_id, :after, :conditions);
