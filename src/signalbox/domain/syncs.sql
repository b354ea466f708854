-- name: sync
-- The ids of the next posts, and where the session's cursor goes; see the function.
select upto, post_ids, more
from sync_v1(:project_id, :participation_id, :session, :lane, :thread, :after, :limit);

-- name: posts_of
-- A page of posts by their ids, as read_posts shows them, the oldest first.
select
    p.post_id, p.author as "from", p.to_lane, p.to_lanes, p.to_actor, p.to_actors, p.to_all, p.subject, p.body, p.ref,
    p.tag, p.kind, p.urgency, p.created_at, p.due_at, p.expires_at, p.reply_to,
    nullif(p.thread_id, p.post_id) as thread_id,
    case when m.state is null then p.acked_at is not null else m.outcome is not null end as acked,
    m.state in ('queued', 'offered') as unseen
from unnest(:post_ids::bigint[]) as wanted (post_id)
cross join lateral (
    select *
    from posts q
    where q.project_id = :project_id and q.post_id = wanted.post_id
    limit 1
) p
left join lateral (
    select d.state, d.outcome
    from deliveries d
    where d.project_id = :project_id and d.participation_id = :participation_id and d.post_id = wanted.post_id
    limit 1
) m on true
order by p.post_id
limit 200;

-- name: reset_cursor
-- Onward or back; see the function.
select move_sync_cursor_v1(
    :project_id, :participation_id, :session, sync_place_v1(:project_id, :lane, :thread), :seq) as cursor
limit 1;
