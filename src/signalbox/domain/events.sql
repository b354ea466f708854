-- name: newest_events
-- Without a cursor: newest first. Filters are exact and all must hold. The actor is resolved to the
-- participant, so a filter finds its events whatever it was called when it acted.
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and (:before::bigint is null or e.seq < :before)
    and (:type::text is null or e.type = :type)
    and (:sequence::text is null or e.sequence = :sequence)
    and (:ref::text is null or e.ref = :ref)
    and (:tag::text is null or e.tag = :tag)
    and (:since::timestamptz is null or e.at >= :since)
    and (:until::timestamptz is null or e.at <= :until)
    and (
        :actor::text is null
        or e.participation_id = (select r.participation_id from resolve_actor_v1(:project_id, :actor, true) r)
    )
order by e.seq desc
limit :limit;

-- name: events_after
-- With a cursor: oldest first, from there on. Numbers follow commits, so nothing can appear behind a reader.
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.seq > :after
    and (:before::bigint is null or e.seq < :before)
    and (:type::text is null or e.type = :type)
    and (:sequence::text is null or e.sequence = :sequence)
    and (:ref::text is null or e.ref = :ref)
    and (:tag::text is null or e.tag = :tag)
    and (:since::timestamptz is null or e.at >= :since)
    and (:until::timestamptz is null or e.at <= :until)
    and (
        :actor::text is null
        or e.participation_id = (select r.participation_id from resolve_actor_v1(:project_id, :actor, true) r)
    )
order by e.seq
limit :limit;

-- name: whats_new
-- The page and the cursor in one statement, and the counts a session starts with.
select
    w.since_event_id, w.cursor_seq as cursor, w.head, w.events,
    unread_posts_v1(:project_id, :participation_id) as unacked_posts,
    (
        select count(*)
        from leases l
        where l.project_id = :project_id and l.released_at is null and l.expires_at > clock_timestamp()
    ) as active_leases,
    coalesce((
        select jsonb_object_agg(n.sequence, n.formatted)
        from (
            select s.sequence, c.formatted
            from sequences s
            cross join lateral (
                select t.formatted, t.seq
                from claims t
                where t.project_id = :project_id and t.sequence = s.sequence
                order by t.number desc
                limit 1
            ) c
            where s.project_id = :project_id
            order by c.seq desc
            limit 50
        ) n
    ), '{}') as latest_claims
from whats_new_v1(:project_id, :participation_id, :after, :redeliver, :advance, :limit) w;
