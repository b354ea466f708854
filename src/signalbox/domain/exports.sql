-- Pages of an export, by key: each one is a short read, however long the ledger and however slow the reader.

-- name: head
-- Where an export ends: the head at its start.
select l.head from ledgers l where l.project_id = :project_id limit 1;

-- name: thread_exported
select p.thread_id from posts p where p.project_id = :project_id and p.post_id = :post_id limit 1;

-- name: export_events
-- Events carry no body: what a post says, and what a task asks for, is looked up event by event.
select
    e.seq as id, e.at as ts, e.actor, e.type, e.payload,
    (
        select p.body
        from posts p
        where e.type = 'post' and p.project_id = :project_id and p.post_id = e.post_id
    ) as body,
    (
        select t.detail
        from tasks t
        where e.type = 'task_create' and t.project_id = :project_id and t.task_id = e.task_id
    ) as detail
from events e
where e.project_id = :project_id and e.seq > :after and e.seq <= :upto
order by e.seq
limit :limit;

-- name: export_lane
-- Only posts, each with its event. Posts are numbered in the order of the ledger, so the place after an event is the
-- place after the post it names. A post to several lanes stands by its first one, and in post_lanes by the others.
select e.seq as id, e.at as ts, e.actor, e.type, e.payload, p.body
from (
    (
        select q.post_id
        from posts q
        where q.project_id = :project_id
            and q.to_lane = :lane
            and q.post_id > (
                select coalesce(max(v.post_id), 0)
                from events v
                where v.project_id = :project_id and v.seq = :after
            )
            and q.seq > :after
            and q.seq <= :upto
        order by q.post_id
        limit :limit
    )
    union all
    (
        select l.post_id
        from post_lanes l
        cross join lateral (
            select q.seq
            from posts q
            where q.project_id = :project_id and q.post_id = l.post_id
            limit 1
        ) q
        where l.project_id = :project_id
            and l.lane = :lane
            and l.post_id > (
                select coalesce(max(v.post_id), 0)
                from events v
                where v.project_id = :project_id and v.seq = :after
            )
            and q.seq > :after
            and q.seq <= :upto
        order by l.post_id
        limit :limit
    )
) o
cross join lateral (
    select *
    from posts q
    where q.project_id = :project_id and q.post_id = o.post_id
    limit 1
) p
cross join lateral (
    select *
    from events v
    where v.project_id = :project_id and v.seq = p.seq
    limit 1
) e
order by p.post_id
limit :limit;

-- name: export_thread
select e.seq as id, e.at as ts, e.actor, e.type, e.payload, p.body
from (
    (
        select q.post_id
        from posts q
        where q.project_id = :project_id
            and q.thread_id = (select t.thread_id from posts t where t.project_id = :project_id and t.post_id = :thread)
            and q.reply_to is not null
            and q.post_id > (
                select coalesce(max(v.post_id), 0)
                from events v
                where v.project_id = :project_id and v.seq = :after
            )
            and q.seq > :after
            and q.seq <= :upto
        order by q.post_id
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
cross join lateral (
    select *
    from events v
    where v.project_id = :project_id and v.seq = p.seq
    limit 1
) e
where p.seq > :after and p.seq <= :upto
order by p.post_id
limit :limit;
