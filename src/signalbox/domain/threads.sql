-- name: posts_by_thread
-- For read_posts: like posts_by_ref, a thread is about one matter, so what else is asked of its posts is looked at one
-- by one. The first post stands by itself, since the index is of replies only (0018_replies.sql).
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
        left join lateral (
            select d.state, d.acked_at
            from deliveries d
            where d.project_id = :project_id and d.participation_id = :participation_id and d.post_id = q.post_id
            limit 1
        ) m on true
        where q.project_id = :project_id
            and q.thread_id = (select t.thread_id from posts t where t.project_id = :project_id and t.post_id = :thread)
            and q.reply_to is not null
            and q.post_id < :before
            and (:ref::text is null or q.ref = :ref)
            and (:to_lane::text is null or q.to_lane = :to_lane or :to_lane = any(q.to_lanes))
            and (:tag::text is null or q.tag = :tag)
            and (:kind::text is null or q.kind = :kind)
            and (not :to_me or m.state is not null)
            and (
                not :unacked_only
                or (case when m.state is null then q.acked_at is null and q.expired_at is null
                    else m.acked_at is null end)
            )
        order by q.post_id desc
        limit :limit
    )
    union all
    select t.thread_id
    from posts t
    where t.project_id = :project_id and t.post_id = :thread
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
where p.post_id < :before
    and (:ref::text is null or p.ref = :ref)
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

-- name: thread
-- A page with all its deliveries. Deliveries are kept by recipient, so those of the page are looked up once per member
-- of the project (removed ones too: what they did stays), and then put with their posts: who has acked first.
with page as materialized (
    select p.*
    from (
        (
            select q.post_id
            from posts q
            where q.project_id = :project_id
                and q.thread_id = (
                    select t.thread_id
                    from posts t
                    where t.project_id = :project_id and t.post_id = :post_id
                )
                and q.reply_to is not null
                and q.post_id > :after
            order by q.post_id
            limit :limit
        )
        union all
        select t.thread_id
        from posts t
        where t.project_id = :project_id and t.post_id = :post_id and t.thread_id > :after
    ) o
    cross join lateral (
        select *
        from posts q
        where q.project_id = :project_id and q.post_id = o.post_id
        limit 1
    ) p
    order by p.post_id
    limit :limit
),
receipts as (
    select
        d.post_id, d.participation_id, m.actor, d.state, d.outcome, d.note, d.due_at, d.offered_via, d.offered_at,
        d.seen_at, d.answer_id, case when d.state <> 'expired' then d.acked_at end as acked_at,
        row_number() over (partition by d.post_id order by d.acked_at, m.actor) as place
    from members m
    cross join page g
    cross join lateral (
        select *
        from deliveries r
        where r.project_id = :project_id
            and r.participation_id = m.participation_id
            and r.post_id = g.post_id
        limit 1
    ) d
    where m.project_id = :project_id
),
of_post as materialized (
    select
        r.post_id,
        jsonb_agg(
            jsonb_strip_nulls(jsonb_build_object(
                'actor', r.actor, 'state', r.state, 'outcome', r.outcome, 'note', r.note, 'acked_at', r.acked_at,
                'offered_via', r.offered_via, 'offered_at', r.offered_at, 'seen_at', r.seen_at,
                'late', nullif(r.acked_at > r.due_at, false), 'answer_id', r.answer_id))
            order by r.place
        ) filter (where r.place <= :deliveries_max) as deliveries,
        greatest(count(*) - :deliveries_max, 0) as more_deliveries,
        bool_or(r.acked_at is not null) filter (where r.participation_id = :participation_id) as acked_by_me,
        bool_or(r.state in ('queued', 'offered')) filter (where r.participation_id = :participation_id) as unseen
    from receipts r
    group by r.post_id
)
select
    p.post_id, p.seq as event_id, p.author as "from", p.to_lane, p.to_lanes, p.to_actor, p.to_actors, p.to_all,
    p.subject, p.body, p.ref, p.tag, p.kind, p.urgency, p.created_at, p.due_at, p.overdue_at, p.expires_at,
    p.expired_at, p.reply_to, p.thread_id,
    o.acked_by_me is not null as to_me,
    coalesce(o.acked_by_me, p.acked_at is not null) as acked,
    o.unseen,
    coalesce(o.deliveries, '[]') as deliveries,
    coalesce(o.more_deliveries, 0) as more_deliveries
from page p
left join of_post o on o.post_id = p.post_id
order by p.post_id
limit :limit;

-- name: thread_of
-- Whether a post is there, when the page of its thread is empty.
select p.thread_id from posts p where p.project_id = :project_id and p.post_id = :post_id limit 1;
