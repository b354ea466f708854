-- name: board
-- One statement, one moment, one round trip; each part ends at its bound, whatever the size of the project. Deliveries
-- that wait are kept by recipient, so the oldest are looked for at each member (1,000 at most) and then put in order.
-- The time is the statement's: as a plain value it may bound an index.
select
    (select l.head from ledgers l where l.project_id = :project_id) as head,
    (
        select coalesce(jsonb_agg(to_jsonb(a) order by a.last_seen desc, a.actor), '[]')
        from (
            select
                p.actor, p.lane, p.status, p.last_seen, p.availability, p.visibility, p.tags, p.reach,
                u.unread
            from present p
            cross join lateral unread_of_v1(p.project_id, p.participation_id) as u (unread)
            where p.project_id = :project_id
                and (
                    p.last_seen > statement_timestamp() - make_interval(secs => :liveness_seconds)
                    or p.reach in ('stream', 'wait')
                )
                and (p.visibility is null or :is_lead::boolean or p.participation_id = :participation_id)
            order by p.last_seen desc, p.actor
            limit :shown_max
        ) a
    ) as active,
    (
        select count(*)
        from present p
        where p.project_id = :project_id
            and (
                p.last_seen > statement_timestamp() - make_interval(secs => :liveness_seconds)
                or p.reach in ('stream', 'wait')
            )
            and (p.visibility is null or :is_lead::boolean or p.participation_id = :participation_id)
    ) as active_count,
    (
        select coalesce(jsonb_agg(to_jsonb(h) order by h.post_id, h."to"), '[]')
        from (
            select
                p.post_id, p.thread_id, p.author as "from", w.actor as "to", p.to_lane, p.subject, p.ref, p.created_at,
                extract(epoch from statement_timestamp() - p.created_at)::bigint as waiting_seconds,
                statement_timestamp() > coalesce(p.due_at, p.created_at + make_interval(secs => :overdue_seconds))
                    as overdue
            from (
                select d.post_id, m.actor
                from members m
                cross join lateral (
                    select r.post_id
                    from deliveries r
                    where r.project_id = :project_id
                        and r.participation_id = m.participation_id
                        and r.acked_at is null
                    order by r.post_id
                    limit :shown_max
                ) d
                where m.project_id = :project_id and m.removed_at is null
                order by d.post_id, m.actor
                limit :shown_max
            ) w
            cross join lateral (
                select *
                from posts q
                where q.project_id = :project_id and q.post_id = w.post_id
                limit 1
            ) p
        ) h
    ) as handoffs,
    (
        select count(*)
        from (
            select 1
            from members m
            cross join lateral (
                select 1
                from deliveries r
                where r.project_id = :project_id
                    and r.participation_id = m.participation_id
                    and r.acked_at is null
                limit :count_max
            ) d
            where m.project_id = :project_id and m.removed_at is null
            limit :count_max
        ) c
    ) as handoffs_count,
    (
        select coalesce(jsonb_agg(to_jsonb(h) order by h.expires_at, h.lease_id), '[]')
        from (
            select
                l.lease_id, l.surface, l.actor, l.expires_at, l.fence, l.note,
                ceil(extract(epoch from l.expires_at - statement_timestamp()))::integer as expires_in_seconds
            from leases l
            where l.project_id = :project_id and l.released_at is null and l.expires_at > statement_timestamp()
            order by l.expires_at, l.lease_id
            limit :shown_max
        ) h
    ) as leases,
    (
        select count(*)
        from (
            select 1
            from leases l
            where l.project_id = :project_id and l.released_at is null and l.expires_at > statement_timestamp()
            limit :count_max
        ) c
    ) as leases_count,
    (
        select coalesce(jsonb_agg(to_jsonb(u) - 'place' order by u.place, u.task_id desc), '[]')
        from (
            select
                s.place, t.task_id, t.title, t.lane, t.owner, t.status, t.updated_at,
                (
                    select count(*)
                    from task_blockers b
                    where b.project_id = :project_id and b.task_id = t.task_id and b.resolved_at is null
                ) as blockers
            from (values (1, 'in_progress'), (2, 'blocked'), (3, 'assigned')) s (place, status)
            cross join lateral (
                select *
                from tasks v
                where v.project_id = :project_id and v.status = s.status
                order by v.task_id desc
                limit :tasks_max
            ) t
            order by s.place, t.task_id desc
            limit :tasks_max
        ) u
    ) as tasks,
    (
        select jsonb_object_agg(s.status, (
            select count(*)
            from (
                select 1
                from tasks t
                where t.project_id = :project_id and t.status = s.status
                limit :count_max
            ) c
        ))
        from (values ('open'), ('assigned'), ('in_progress'), ('blocked'), ('done'), ('cancelled')) s (status)
    ) as task_counts,
    (
        select coalesce(jsonb_agg(to_jsonb(n) order by n.name), '[]')
        from (
            select
                s.sequence as name, s.prefix, s.pad, s.current as last_used, s.current + 1 as next,
                s.prefix || lpad((s.current + 1)::text, greatest(s.pad, length((s.current + 1)::text)), '0')
                    as next_formatted
            from sequences s
            where s.project_id = :project_id
            order by s.sequence
            limit :shown_max
        ) n
    ) as sequences,
    (select count(*) from sequences s where s.project_id = :project_id) as sequences_count,
    (
        select coalesce(jsonb_agg(to_jsonb(n) order by n.id desc), '[]')
        from (
            select e.seq as id, e.at as ts, e.actor, e.type, e.payload
            from events e
            where e.project_id = :project_id
            order by e.seq desc
            limit :events_max
        ) n
    ) as events;

-- name: overview
-- All projects of an owner in one statement; the connection's tenant is all of them. Each part is looked up project by
-- project and ends at its bound.
select
    j.project_id, j.name, j.created_at, j.archived_at, j.liveness_seconds,
    (
        select count(*)
        from presence p
        join members m on m.project_id = p.project_id and m.participation_id = p.participation_id
        where p.project_id = j.project_id
            and m.removed_at is null
            and p.last_seen_at > statement_timestamp() - make_interval(secs => j.liveness_seconds)
    ) as active,
    (
        select count(*)
        from (
            select 1
            from members m
            cross join lateral (
                select 1
                from deliveries d
                where d.project_id = j.project_id
                    and d.participation_id = m.participation_id
                    and d.acked_at is null
                limit :count_max
            ) d
            where m.project_id = j.project_id and m.removed_at is null
            limit :count_max
        ) c
    ) as handoffs,
    coalesce((select l.head from ledgers l where l.project_id = j.project_id), 0) as head,
    e.at as last_at, e.type as last_type, e.actor as last_actor
from projects j
left join lateral (
    select v.at, v.type, v.actor
    from events v
    where v.project_id = j.project_id
    order by v.seq desc
    limit 1
) e on true
where j.owner_id = :owner_id and j.deleted_at is null
order by j.archived_at is not null, j.name
limit :projects_max;

-- name: activity
-- Whole hours back from the present one. What is counted is the newest end of the index by time, within its bound.
with newest as materialized (
    select e.at, e.type
    from events e
    where e.project_id = :project_id
        and e.at >= date_trunc('hour', statement_timestamp()) - make_interval(hours => :hours - 1)
    order by e.at desc
    limit :events_max
)
select
    date_trunc('hour', statement_timestamp()) - make_interval(hours => :hours - 1) as since,
    statement_timestamp() as until,
    (select count(*) from newest) >= :events_max as cut,
    (select min(n.at) from newest n) as counted_since,
    (
        select coalesce(jsonb_agg(to_jsonb(h) order by h.hour, h.type), '[]')
        from (
            select date_trunc('hour', n.at) as hour, n.type, count(*) as count
            from newest n
            group by date_trunc('hour', n.at), n.type
        ) h
    ) as counts;
