-- Looking things up in the ledger. Each combination of filters begins with one that has an index ending in seq (events.py
-- says which), so that a page costs the same however long the ledger is; one statement for all, with `:x is null or …`,
-- is planned once for every combination, and walks the whole ledger for something rare. Times become numbers first:
-- the clock of a ledger never runs backwards. `newest` goes back from :before, `after` goes on from :after. Bounds are
-- plain values and functions of them: row security lets no coalesce() or greatest() into an index condition.

-- name: newest_by_ref
-- A ref is about one artifact, so what else is asked of its events is looked at one by one.
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.ref = :ref
    and e.seq > seq_after_v1(:project_id, 0, :since)
    and e.seq < seq_before_v1(:project_id, :before, :until)
    and (:sequence::text is null or e.sequence = :sequence)
    and (:tag::text is null or e.tag = :tag)
    and (:type::text is null or e.type = :type)
    and (
        :actor::text is null
        or e.participation_id = (select r.participation_id from resolve_actor_v1(:project_id, :actor, true) r)
    )
order by e.seq desc
limit :limit;

-- name: after_by_ref
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.ref = :ref
    and e.seq > seq_after_v1(:project_id, :after, :since)
    and e.seq < seq_before_v1(:project_id, :before, :until)
    and (:sequence::text is null or e.sequence = :sequence)
    and (:tag::text is null or e.tag = :tag)
    and (:type::text is null or e.type = :type)
    and (
        :actor::text is null
        or e.participation_id = (select r.participation_id from resolve_actor_v1(:project_id, :actor, true) r)
    )
order by e.seq
limit :limit;

-- name: newest_by_sequence_and_actor
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.sequence = :sequence
    and e.participation_id = (select r.participation_id from resolve_actor_v1(:project_id, :actor, true) r)
    and e.seq > seq_after_v1(:project_id, 0, :since)
    and e.seq < seq_before_v1(:project_id, :before, :until)
    and (:type::text is null or e.type = :type)
order by e.seq desc
limit :limit;

-- name: after_by_sequence_and_actor
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.sequence = :sequence
    and e.participation_id = (select r.participation_id from resolve_actor_v1(:project_id, :actor, true) r)
    and e.seq > seq_after_v1(:project_id, :after, :since)
    and e.seq < seq_before_v1(:project_id, :before, :until)
    and (:type::text is null or e.type = :type)
order by e.seq
limit :limit;

-- name: newest_by_sequence
-- Nearly all are claims; who asks for others begins with the type.
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.sequence = :sequence
    and e.seq > seq_after_v1(:project_id, 0, :since)
    and e.seq < seq_before_v1(:project_id, :before, :until)
    and (:type::text is null or e.type = :type)
order by e.seq desc
limit :limit;

-- name: after_by_sequence
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.sequence = :sequence
    and e.seq > seq_after_v1(:project_id, :after, :since)
    and e.seq < seq_before_v1(:project_id, :before, :until)
    and (:type::text is null or e.type = :type)
order by e.seq
limit :limit;

-- name: newest_by_tag_and_actor
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.tag = :tag
    and e.participation_id = (select r.participation_id from resolve_actor_v1(:project_id, :actor, true) r)
    and e.seq > seq_after_v1(:project_id, 0, :since)
    and e.seq < seq_before_v1(:project_id, :before, :until)
    and (:type::text is null or e.type = :type)
order by e.seq desc
limit :limit;

-- name: after_by_tag_and_actor
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.tag = :tag
    and e.participation_id = (select r.participation_id from resolve_actor_v1(:project_id, :actor, true) r)
    and e.seq > seq_after_v1(:project_id, :after, :since)
    and e.seq < seq_before_v1(:project_id, :before, :until)
    and (:type::text is null or e.type = :type)
order by e.seq
limit :limit;

-- name: newest_by_tag
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.tag = :tag
    and e.seq > seq_after_v1(:project_id, 0, :since)
    and e.seq < seq_before_v1(:project_id, :before, :until)
    and (:type::text is null or e.type = :type)
order by e.seq desc
limit :limit;

-- name: after_by_tag
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.tag = :tag
    and e.seq > seq_after_v1(:project_id, :after, :since)
    and e.seq < seq_before_v1(:project_id, :before, :until)
    and (:type::text is null or e.type = :type)
order by e.seq
limit :limit;

-- name: newest_by_actor_and_type
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.participation_id = (select r.participation_id from resolve_actor_v1(:project_id, :actor, true) r)
    and e.type = :type
    and e.seq > seq_after_v1(:project_id, 0, :since)
    and e.seq < seq_before_v1(:project_id, :before, :until)
order by e.seq desc
limit :limit;

-- name: after_by_actor_and_type
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.participation_id = (select r.participation_id from resolve_actor_v1(:project_id, :actor, true) r)
    and e.type = :type
    and e.seq > seq_after_v1(:project_id, :after, :since)
    and e.seq < seq_before_v1(:project_id, :before, :until)
order by e.seq
limit :limit;

-- name: newest_by_actor
-- The actor is resolved to the participant: its events are found whatever it was called when it acted.
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.participation_id = (select r.participation_id from resolve_actor_v1(:project_id, :actor, true) r)
    and e.seq > seq_after_v1(:project_id, 0, :since)
    and e.seq < seq_before_v1(:project_id, :before, :until)
order by e.seq desc
limit :limit;

-- name: after_by_actor
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.participation_id = (select r.participation_id from resolve_actor_v1(:project_id, :actor, true) r)
    and e.seq > seq_after_v1(:project_id, :after, :since)
    and e.seq < seq_before_v1(:project_id, :before, :until)
order by e.seq
limit :limit;

-- name: newest_by_type
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.type = :type
    and e.seq > seq_after_v1(:project_id, 0, :since)
    and e.seq < seq_before_v1(:project_id, :before, :until)
    and (:sequence::text is null or e.sequence = :sequence)
    and (
        :actor::text is null
        or e.participation_id = (select r.participation_id from resolve_actor_v1(:project_id, :actor, true) r)
    )
order by e.seq desc
limit :limit;

-- name: after_by_type
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.type = :type
    and e.seq > seq_after_v1(:project_id, :after, :since)
    and e.seq < seq_before_v1(:project_id, :before, :until)
    and (:sequence::text is null or e.sequence = :sequence)
    and (
        :actor::text is null
        or e.participation_id = (select r.participation_id from resolve_actor_v1(:project_id, :actor, true) r)
    )
order by e.seq
limit :limit;

-- name: newest_any
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.seq > seq_after_v1(:project_id, 0, :since)
    and e.seq < seq_before_v1(:project_id, :before, :until)
order by e.seq desc
limit :limit;

-- name: after_any
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id
    and e.seq > seq_after_v1(:project_id, :after, :since)
    and e.seq < seq_before_v1(:project_id, :before, :until)
order by e.seq
limit :limit;

-- name: known_actor
-- A statement that finds nothing may not have looked whom the name means; see the function.
select r.actor from resolve_actor_v1(:project_id, :actor, true) r limit 1;

-- name: one_event
select e.seq as id, e.at as ts, e.actor, e.type, e.payload
from events e
where e.project_id = :project_id and e.seq = :id
order by e.seq
limit 1;

-- name: whats_new
-- The page and the cursor in one statement, and the counts a session starts with.
select
    w.since_event_id, w.cursor_seq as cursor, w.head, w.events,
    unread_posts_v1(:project_id, :participation_id) as unacked_posts,
    unanswered_v1(:project_id, :participation_id, w.since_event_id, w.cursor_seq) as unanswered,
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
from whats_new_v2(:project_id, :participation_id, :session, :after, :redeliver, :advance, :limit) w;
