-- What came to the caller, driven from its deliveries: what others write costs nothing here.

-- name: inbox
-- All that ever came.
select
    p.post_id, p.author as "from", p.to_lane, p.to_lanes, p.to_actor, p.to_actors, p.to_all, p.subject, p.body, p.ref,
    p.tag, p.kind, p.urgency, p.created_at, p.due_at, p.expires_at, p.reply_to,
    nullif(p.thread_id, p.post_id) as thread_id, d.outcome is not null as acked,
    d.state in ('queued', 'offered') as unseen
from deliveries d
cross join lateral (
    select *
    from posts q
    where q.project_id = :project_id and q.post_id = d.post_id
    limit 1
) p
where d.project_id = :project_id
    and d.participation_id = :participation_id
    and d.post_id < :before
order by d.post_id desc
limit :limit;

-- name: inbox_of_lane
-- The same of one lane: a delivery knows the first lane its post was sent to.
select
    p.post_id, p.author as "from", p.to_lane, p.to_lanes, p.to_actor, p.to_actors, p.to_all, p.subject, p.body, p.ref,
    p.tag, p.kind, p.urgency, p.created_at, p.due_at, p.expires_at, p.reply_to,
    nullif(p.thread_id, p.post_id) as thread_id, d.outcome is not null as acked,
    d.state in ('queued', 'offered') as unseen
from (
    (
        select d.post_id, d.state, d.outcome
        from deliveries d
        where d.project_id = :project_id
            and d.participation_id = :participation_id
            and d.to_lane = :to_lane
            and d.post_id < :before
        order by d.post_id desc
        limit :limit
    )
    union
    (
        select l.post_id, r.state, r.outcome
        from post_lanes l
        cross join lateral (
            select *
            from deliveries d
            where d.project_id = :project_id and d.participation_id = :participation_id and d.post_id = l.post_id
            limit 1
        ) r
        where l.project_id = :project_id and l.lane = :to_lane and l.post_id < :before
        order by l.post_id desc
        limit :limit
    )
) d
cross join lateral (
    select *
    from posts q
    where q.project_id = :project_id and q.post_id = d.post_id
    limit 1
) p
order by d.post_id desc
limit :limit;

-- name: unread
-- What waits for the caller's ack.
select
    p.post_id, p.author as "from", p.to_lane, p.to_lanes, p.to_actor, p.to_actors, p.to_all, p.subject, p.body, p.ref,
    p.tag, p.kind, p.urgency, p.created_at, p.due_at, p.expires_at, p.reply_to,
    nullif(p.thread_id, p.post_id) as thread_id, false as acked,
    d.state in ('queued', 'offered') as unseen
from deliveries d
cross join lateral (
    select *
    from posts q
    where q.project_id = :project_id and q.post_id = d.post_id
    limit 1
) p
where d.project_id = :project_id
    and d.participation_id = :participation_id
    and d.post_id < :before
    and d.acked_at is null
    and (:to_lane::text is null or p.to_lane = :to_lane or :to_lane = any(p.to_lanes))
    and (:tag::text is null or p.tag = :tag)
    and (:kind::text is null or p.kind = :kind)
order by d.post_id desc
limit :limit;

-- name: open_posts
-- What nobody has acked, and what the caller has not where it is a recipient: ends of indexes, put together.
select
    p.post_id, p.author as "from", p.to_lane, p.to_lanes, p.to_actor, p.to_actors, p.to_all, p.subject, p.body, p.ref,
    p.tag, p.kind, p.urgency, p.created_at, p.due_at, p.expires_at, p.reply_to,
    nullif(p.thread_id, p.post_id) as thread_id, false as acked,
    m.state in ('queued', 'offered') as unseen
from (
    (
        select p.post_id
        from posts p
        where p.project_id = :project_id
            and p.acked_at is null
            and p.expired_at is null
            and p.post_id < :before
            and (:tag::text is null or p.tag = :tag)
            and (:kind::text is null or p.kind = :kind)
        order by p.post_id desc
        limit :limit
    )
    union
    (
        select d.post_id
        from deliveries d
        cross join lateral (
            select q.to_lane, q.to_lanes, q.tag, q.kind
            from posts q
            where q.project_id = :project_id and q.post_id = d.post_id
            limit 1
        ) p
        where d.project_id = :project_id
            and d.participation_id = :participation_id
            and d.acked_at is null
            and d.post_id < :before
            and (:tag::text is null or p.tag = :tag)
            and (:kind::text is null or p.kind = :kind)
        order by d.post_id desc
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
    select d.state
    from deliveries d
    where d.project_id = :project_id and d.participation_id = :participation_id and d.post_id = p.post_id
    limit 1
) m on true
order by o.post_id desc
limit :limit;

-- name: open_posts_by_lane
-- The same of one lane. Of posts to several lanes, which do not know there whether they are open, the newest 1,000.
select
    p.post_id, p.author as "from", p.to_lane, p.to_lanes, p.to_actor, p.to_actors, p.to_all, p.subject, p.body, p.ref,
    p.tag, p.kind, p.urgency, p.created_at, p.due_at, p.expires_at, p.reply_to,
    nullif(p.thread_id, p.post_id) as thread_id, false as acked,
    m.state in ('queued', 'offered') as unseen
from (
    (
        select p.post_id
        from posts p
        where p.project_id = :project_id
            and p.acked_at is null
            and p.expired_at is null
            and p.post_id < :before
            and p.to_lane = :to_lane
            and (:tag::text is null or p.tag = :tag)
            and (:kind::text is null or p.kind = :kind)
        order by p.post_id desc
        limit :limit
    )
    union
    (
        select l.post_id
        from (
            select a.post_id
            from post_lanes a
            where a.project_id = :project_id and a.lane = :to_lane and a.post_id < :before
            order by a.post_id desc
            limit 1000
        ) l
        cross join lateral (
            select *
            from posts q
            where q.project_id = :project_id and q.post_id = l.post_id
            limit 1
        ) p
        where p.acked_at is null
            and p.expired_at is null
            and (:tag::text is null or p.tag = :tag)
            and (:kind::text is null or p.kind = :kind)
        order by l.post_id desc
        limit :limit
    )
    union
    (
        select d.post_id
        from deliveries d
        cross join lateral (
            select q.to_lane, q.to_lanes, q.tag, q.kind
            from posts q
            where q.project_id = :project_id and q.post_id = d.post_id
            limit 1
        ) p
        where d.project_id = :project_id
            and d.participation_id = :participation_id
            and d.acked_at is null
            and d.post_id < :before
            and (p.to_lane = :to_lane or :to_lane = any(p.to_lanes))
            and (:tag::text is null or p.tag = :tag)
            and (:kind::text is null or p.kind = :kind)
        order by d.post_id desc
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
    select d.state
    from deliveries d
    where d.project_id = :project_id and d.participation_id = :participation_id and d.post_id = p.post_id
    limit 1
) m on true
order by o.post_id desc
limit :limit;
