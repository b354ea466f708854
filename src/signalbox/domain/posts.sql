-- Reading posts. As with events, each combination of filters has a statement that begins with an index (posts.py says
-- which). "acked" is by the caller where it is a recipient, else by anyone; it is looked up per post shown, because a
-- join may be planned as a walk through all deliveries.

-- name: one_post
select
    p.post_id, p.author as "from", p.to_lane, p.to_actor, p.subject, p.body, p.ref, p.tag, p.created_at,
    p.reply_to, nullif(p.thread_id, p.post_id) as thread_id, coalesce(
        (
            select d.acked_at is not null
            from deliveries d
            where d.project_id = :project_id and d.post_id = p.post_id and d.participation_id = :participation_id
        ),
        p.acked_at is not null
    ) as acked
from posts p
where p.project_id = :project_id and p.post_id = :post_id
order by p.post_id
limit 1;

-- name: posts_by_ref
-- A ref is about one artifact, so what else is asked of its posts is looked at one by one.
select
    p.post_id, p.author as "from", p.to_lane, p.to_actor, p.subject, p.body, p.ref, p.tag, p.created_at,
    p.reply_to, nullif(p.thread_id, p.post_id) as thread_id, coalesce(
        (
            select d.acked_at is not null
            from deliveries d
            where d.project_id = :project_id and d.post_id = p.post_id and d.participation_id = :participation_id
        ),
        p.acked_at is not null
    ) as acked
from posts p
where p.project_id = :project_id
    and p.ref = :ref
    and p.post_id < :before
    and (:to_lane::text is null or p.to_lane = :to_lane)
    and (:tag::text is null or p.tag = :tag)
    and (
        not :to_me
        or (
            select true
            from deliveries d
            where d.project_id = :project_id and d.post_id = p.post_id and d.participation_id = :participation_id
        )
    )
    and (
        not :unacked_only
        or not coalesce(
            (
                select d.acked_at is not null
                from deliveries d
                where d.project_id = :project_id and d.post_id = p.post_id and d.participation_id = :participation_id
            ),
            p.acked_at is not null
        )
    )
order by p.post_id desc
limit :limit;

-- name: posts_by_lane_and_tag
select
    p.post_id, p.author as "from", p.to_lane, p.to_actor, p.subject, p.body, p.ref, p.tag, p.created_at,
    p.reply_to, nullif(p.thread_id, p.post_id) as thread_id, coalesce(
        (
            select d.acked_at is not null
            from deliveries d
            where d.project_id = :project_id and d.post_id = p.post_id and d.participation_id = :participation_id
        ),
        p.acked_at is not null
    ) as acked
from posts p
where p.project_id = :project_id
    and p.to_lane = :to_lane
    and p.tag = :tag
    and p.post_id < :before
    and (
        not :to_me
        or (
            select true
            from deliveries d
            where d.project_id = :project_id and d.post_id = p.post_id and d.participation_id = :participation_id
        )
    )
order by p.post_id desc
limit :limit;

-- name: posts_by_lane
select
    p.post_id, p.author as "from", p.to_lane, p.to_actor, p.subject, p.body, p.ref, p.tag, p.created_at,
    p.reply_to, nullif(p.thread_id, p.post_id) as thread_id, coalesce(
        (
            select d.acked_at is not null
            from deliveries d
            where d.project_id = :project_id and d.post_id = p.post_id and d.participation_id = :participation_id
        ),
        p.acked_at is not null
    ) as acked
from posts p
where p.project_id = :project_id
    and p.to_lane = :to_lane
    and p.post_id < :before
order by p.post_id desc
limit :limit;

-- name: posts_by_tag
select
    p.post_id, p.author as "from", p.to_lane, p.to_actor, p.subject, p.body, p.ref, p.tag, p.created_at,
    p.reply_to, nullif(p.thread_id, p.post_id) as thread_id, coalesce(
        (
            select d.acked_at is not null
            from deliveries d
            where d.project_id = :project_id and d.post_id = p.post_id and d.participation_id = :participation_id
        ),
        p.acked_at is not null
    ) as acked
from posts p
where p.project_id = :project_id
    and p.tag = :tag
    and p.post_id < :before
    and (
        not :to_me
        or (
            select true
            from deliveries d
            where d.project_id = :project_id and d.post_id = p.post_id and d.participation_id = :participation_id
        )
    )
order by p.post_id desc
limit :limit;

-- name: any_posts
select
    p.post_id, p.author as "from", p.to_lane, p.to_actor, p.subject, p.body, p.ref, p.tag, p.created_at,
    p.reply_to, nullif(p.thread_id, p.post_id) as thread_id, coalesce(
        (
            select d.acked_at is not null
            from deliveries d
            where d.project_id = :project_id and d.post_id = p.post_id and d.participation_id = :participation_id
        ),
        p.acked_at is not null
    ) as acked
from posts p
where p.project_id = :project_id
    and p.post_id < :before
order by p.post_id desc
limit :limit;

-- name: inbox
-- All that ever came to the caller, driven from its deliveries: what others write costs nothing here.
select
    p.post_id, p.author as "from", p.to_lane, p.to_actor, p.subject, p.body, p.ref, p.tag, p.created_at,
    p.reply_to, nullif(p.thread_id, p.post_id) as thread_id, d.acked_at is not null as acked
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
-- The same of one lane: a delivery knows the lane its post was sent to.
select
    p.post_id, p.author as "from", p.to_lane, p.to_actor, p.subject, p.body, p.ref, p.tag, p.created_at,
    p.reply_to, nullif(p.thread_id, p.post_id) as thread_id, d.acked_at is not null as acked
from deliveries d
cross join lateral (
    select *
    from posts q
    where q.project_id = :project_id and q.post_id = d.post_id
    limit 1
) p
where d.project_id = :project_id
    and d.participation_id = :participation_id
    and d.to_lane = :to_lane
    and d.post_id < :before
order by d.post_id desc
limit :limit;

-- name: unread
-- What waits for the caller's ack.
select
    p.post_id, p.author as "from", p.to_lane, p.to_actor, p.subject, p.body, p.ref, p.tag, p.created_at,
    p.reply_to, nullif(p.thread_id, p.post_id) as thread_id, false as acked
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
    and (:to_lane::text is null or p.to_lane = :to_lane)
    and (:tag::text is null or p.tag = :tag)
order by d.post_id desc
limit :limit;

-- name: open_posts
-- What nobody has acked, and what the caller has not where it is a recipient: two ends of indexes, put together.
select
    p.post_id, p.author as "from", p.to_lane, p.to_actor, p.subject, p.body, p.ref, p.tag, p.created_at,
    p.reply_to, nullif(p.thread_id, p.post_id) as thread_id, false as acked
from (
    (
        select p.post_id
        from posts p
        where p.project_id = :project_id
            and p.acked_at is null
            and p.post_id < :before
            and (:tag::text is null or p.tag = :tag)
        order by p.post_id desc
        limit :limit
    )
    union
    (
        select d.post_id
        from deliveries d
        cross join lateral (
            select q.to_lane, q.tag
            from posts q
            where q.project_id = :project_id and q.post_id = d.post_id
            limit 1
        ) p
        where d.project_id = :project_id
            and d.participation_id = :participation_id
            and d.acked_at is null
            and d.post_id < :before
            and (:tag::text is null or p.tag = :tag)
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
order by o.post_id desc
limit :limit;

-- name: open_posts_by_lane
select
    p.post_id, p.author as "from", p.to_lane, p.to_actor, p.subject, p.body, p.ref, p.tag, p.created_at,
    p.reply_to, nullif(p.thread_id, p.post_id) as thread_id, false as acked
from (
    (
        select p.post_id
        from posts p
        where p.project_id = :project_id
            and p.acked_at is null
            and p.post_id < :before
            and p.to_lane = :to_lane
            and (:tag::text is null or p.tag = :tag)
        order by p.post_id desc
        limit :limit
    )
    union
    (
        select d.post_id
        from deliveries d
        cross join lateral (
            select q.to_lane, q.tag
            from posts q
            where q.project_id = :project_id and q.post_id = d.post_id
            limit 1
        ) p
        where d.project_id = :project_id
            and d.participation_id = :participation_id
            and d.acked_at is null
            and d.post_id < :before
            and p.to_lane = :to_lane
            and (:tag::text is null or p.tag = :tag)
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
order by o.post_id desc
limit :limit;
