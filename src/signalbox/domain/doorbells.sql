-- name: waiting
-- What waits for the caller and was not handed to it in any way yet, oldest first, along the index of what is not acked;
-- each post is looked up by its key. What it sent itself rings nobody, nor does what is only to be known some time.
select d.post_id, p.author as "from", p.to_lane, p.subject, p.urgency, p.created_at
from deliveries d
cross join lateral (
    select q.author, q.author_id, q.to_lane, q.subject, q.urgency, q.created_at
    from posts q
    where q.project_id = :project_id and q.post_id = d.post_id
    limit 1
) p
where d.project_id = :project_id
    and d.participation_id = :participation_id
    and d.acked_at is null
    and d.post_id <> all(:rung)
    and d.state = 'queued'
    and p.author_id <> :participation_id
    and (:rings_info or p.urgency is distinct from 'info')
order by d.post_id
limit :limit;

-- name: begin_check
-- See the function.
select begin_check_v1(:project_id, :session, :participation_id, :new_id, :expires_at) as id;

-- name: channel_ok
-- See the function.
select channel_ok_v1(:project_id, :participation_id, :id) as live;
