-- name: inbox
-- The newest posts that wait for the caller's ack, along the index of what is not acked; each is looked up by its key.
select d.post_id, p.author as "from", p.to_lane, p.subject, p.ref, p.kind, p.urgency, d.due_at, p.created_at
from deliveries d
cross join lateral (
    select q.author, q.to_lane, q.subject, q.ref, q.kind, q.urgency, q.created_at
    from posts q
    where q.project_id = :project_id and q.post_id = d.post_id
    limit 1
) p
where d.project_id = :project_id and d.participation_id = :participation_id and d.acked_at is null
order by d.post_id desc
limit :limit;

-- name: prints
-- What tells whether a document is another one than before: the newest entry of the ledger that the caller may see, and
-- which of the newest posts wait for it. Two looks along an index.
select
    coalesce((
        select e.seq
        from events e
        where e.project_id = :project_id
        order by e.seq desc
        limit 1
    ), 0) as ledger,
    (
        select count(*) || ':' || coalesce(sum(w.post_id), 0)
        from (
            select d.post_id
            from deliveries d
            where d.project_id = :project_id and d.participation_id = :participation_id and d.acked_at is null
            order by d.post_id desc
            limit :limit
        ) w
    ) as inbox;

-- name: subscribe
-- See the function.
select subscribe_v1(:project_id, :session, :participation_id, :uri, :uris_max, :expires_at);

-- name: unsubscribe
-- See the function.
select unsubscribe_v1(:project_id, :session, :uri);
