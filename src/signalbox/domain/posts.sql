-- Reading posts. As with events, each combination of filters has a statement that begins with an index (posts.py says
-- which). "acked" is by the caller where it is a recipient, else by anyone; its delivery is looked up per post shown,
-- because a plain join may be planned as a walk through all deliveries. "unseen" is what it has not been given yet.
-- A post to several lanes stands in post_lanes for each but the first: two ends of indexes are put together.

-- name: one_post
select
    p.post_id, p.author as "from", p.to_lane, p.to_lanes, p.to_actor, p.to_actors, p.to_all, p.subject, p.body, p.ref,
    p.tag, p.kind, p.urgency, p.created_at, p.due_at, p.expires_at, p.reply_to,
    nullif(p.thread_id, p.post_id) as thread_id,
    case when m.state is null then p.acked_at is not null else m.outcome is not null end as acked,
    m.state in ('queued', 'offered') as unseen
from posts p
left join lateral (
    select d.state, d.outcome, d.acked_at
    from deliveries d
    where d.project_id = :project_id and d.participation_id = :participation_id and d.post_id = p.post_id
    limit 1
) m on true
where p.project_id = :project_id and p.post_id = :post_id
order by p.post_id
limit 1;

-- name: posts_by_ref
-- A ref is about one artifact, so what else is asked of its posts is looked at one by one.
select
    p.post_id, p.author as "from", p.to_lane, p.to_lanes, p.to_actor, p.to_actors, p.to_all, p.subject, p.body, p.ref,
    p.tag, p.kind, p.urgency, p.created_at, p.due_at, p.expires_at, p.reply_to,
    nullif(p.thread_id, p.post_id) as thread_id,
    case when m.state is null then p.acked_at is not null else m.outcome is not null end as acked,
    m.state in ('queued', 'offered') as unseen
from posts p
left join lateral (
    select d.state, d.outcome, d.acked_at
    from deliveries d
    where d.project_id = :project_id and d.participation_id = :participation_id and d.post_id = p.post_id
    limit 1
) m on true
where p.project_id = :project_id
    and p.ref = :ref
    and p.post_id < :before
    and (:to_lane::text is null or p.to_lane = :to_lane or :to_lane = any(p.to_lanes))
    and (:tag::text is null or p.tag = :tag)
    and (:kind::text is null or p.kind = :kind)
    and (not :to_me or m.state is not null)
    and (
        not :unacked_only
        or (case when m.state is null then p.acked_at is null and p.expired_at is null
            else m.acked_at is null end)
    )
order by p.post_id desc
limit :limit;

-- name: posts_by_lane_and_tag
select
    p.post_id, p.author as "from", p.to_lane, p.to_lanes, p.to_actor, p.to_actors, p.to_all, p.subject, p.body, p.ref,
    p.tag, p.kind, p.urgency, p.created_at, p.due_at, p.expires_at, p.reply_to,
    nullif(p.thread_id, p.post_id) as thread_id,
    case when m.state is null then p.acked_at is not null else m.outcome is not null end as acked,
    m.state in ('queued', 'offered') as unseen
from (
    (
        select q.post_id
        from posts q
        where q.project_id = :project_id
            and q.to_lane = :to_lane
            and q.tag = :tag
            and q.post_id < :before
            and (
                not :to_me
                or (
                    select true
                    from deliveries d
                    where d.project_id = :project_id
                        and d.participation_id = :participation_id
                        and d.post_id = q.post_id
                )
            )
        order by q.post_id desc
        limit :limit
    )
    union all
    (
        select l.post_id
        from post_lanes l
        cross join lateral (
            select q.tag
            from posts q
            where q.project_id = :project_id and q.post_id = l.post_id
            limit 1
        ) p
        where l.project_id = :project_id
            and l.lane = :to_lane
            and l.post_id < :before
            and p.tag = :tag
            and (
                not :to_me
                or (
                    select true
                    from deliveries d
                    where d.project_id = :project_id
                        and d.participation_id = :participation_id
                        and d.post_id = l.post_id
                )
            )
        order by l.post_id desc
        limit :limit
    )
) o
cross join lateral (
    select *
    from posts q
    where q.project_id = :project_id and q.post_id = o.post_id
    limit 1
) p
left join lateral (
    select d.state, d.outcome, d.acked_at
    from deliveries d
    where d.project_id = :project_id and d.participation_id = :participation_id and d.post_id = p.post_id
    limit 1
) m on true
order by p.post_id desc
limit :limit;

-- name: posts_by_lane
select
    p.post_id, p.author as "from", p.to_lane, p.to_lanes, p.to_actor, p.to_actors, p.to_all, p.subject, p.body, p.ref,
    p.tag, p.kind, p.urgency, p.created_at, p.due_at, p.expires_at, p.reply_to,
    nullif(p.thread_id, p.post_id) as thread_id,
    case when m.state is null then p.acked_at is not null else m.outcome is not null end as acked,
    m.state in ('queued', 'offered') as unseen
from (
    (
        select q.post_id
        from posts q
        where q.project_id = :project_id and q.to_lane = :to_lane and q.post_id < :before
        order by q.post_id desc
        limit :limit
    )
    union all
    (
        select l.post_id
        from post_lanes l
        where l.project_id = :project_id and l.lane = :to_lane and l.post_id < :before
        order by l.post_id desc
        limit :limit
    )
) o
cross join lateral (
    select *
    from posts q
    where q.project_id = :project_id and q.post_id = o.post_id
    limit 1
) p
left join lateral (
    select d.state, d.outcome, d.acked_at
    from deliveries d
    where d.project_id = :project_id and d.participation_id = :participation_id and d.post_id = p.post_id
    limit 1
) m on true
order by p.post_id desc
limit :limit;

-- name: posts_by_tag
select
    p.post_id, p.author as "from", p.to_lane, p.to_lanes, p.to_actor, p.to_actors, p.to_all, p.subject, p.body, p.ref,
    p.tag, p.kind, p.urgency, p.created_at, p.due_at, p.expires_at, p.reply_to,
    nullif(p.thread_id, p.post_id) as thread_id,
    case when m.state is null then p.acked_at is not null else m.outcome is not null end as acked,
    m.state in ('queued', 'offered') as unseen
from posts p
left join lateral (
    select d.state, d.outcome, d.acked_at
    from deliveries d
    where d.project_id = :project_id and d.participation_id = :participation_id and d.post_id = p.post_id
    limit 1
) m on true
where p.project_id = :project_id
    and p.tag = :tag
    and p.post_id < :before
    and (not :to_me or m.state is not null)
order by p.post_id desc
limit :limit;

-- name: posts_by_kind
-- Only posts that say what they are have a kind, and stand in its index.
select
    p.post_id, p.author as "from", p.to_lane, p.to_lanes, p.to_actor, p.to_actors, p.to_all, p.subject, p.body, p.ref,
    p.tag, p.kind, p.urgency, p.created_at, p.due_at, p.expires_at, p.reply_to,
    nullif(p.thread_id, p.post_id) as thread_id,
    case when m.state is null then p.acked_at is not null else m.outcome is not null end as acked,
    m.state in ('queued', 'offered') as unseen
from posts p
left join lateral (
    select d.state, d.outcome, d.acked_at
    from deliveries d
    where d.project_id = :project_id and d.participation_id = :participation_id and d.post_id = p.post_id
    limit 1
) m on true
where p.project_id = :project_id
    and p.kind = :kind
    and p.post_id < :before
    and (:to_lane::text is null or p.to_lane = :to_lane or :to_lane = any(p.to_lanes))
    and (:tag::text is null or p.tag = :tag)
    and (not :to_me or m.state is not null)
order by p.post_id desc
limit :limit;

-- name: any_posts
select
    p.post_id, p.author as "from", p.to_lane, p.to_lanes, p.to_actor, p.to_actors, p.to_all, p.subject, p.body, p.ref,
    p.tag, p.kind, p.urgency, p.created_at, p.due_at, p.expires_at, p.reply_to,
    nullif(p.thread_id, p.post_id) as thread_id,
    case when m.state is null then p.acked_at is not null else m.outcome is not null end as acked,
    m.state in ('queued', 'offered') as unseen
from posts p
left join lateral (
    select d.state, d.outcome, d.acked_at
    from deliveries d
    where d.project_id = :project_id and d.participation_id = :participation_id and d.post_id = p.post_id
    limit 1
) m on true
where p.project_id = :project_id
    and p.post_id < :before
order by p.post_id desc
limit :limit;
