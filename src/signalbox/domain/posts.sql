-- name: read_inbox
-- Posts addressed to the caller, driven from its deliveries: what others write costs nothing here.
select
    p.post_id, p.author as "from", p.to_lane, p.to_actor, p.subject, p.body, p.ref, p.tag, p.created_at,
    d.acked_at is not null as acked
from deliveries d
join posts p on p.project_id = d.project_id and p.post_id = d.post_id
where d.project_id = :project_id
    and d.participation_id = :participation_id
    and (not :unacked_only or d.acked_at is null)
    and (:before::bigint is null or d.post_id < :before)
    and (:to_lane::text is null or p.to_lane = :to_lane)
    and (:tag::text is null or p.tag = :tag)
    and (:ref::text is null or p.ref = :ref)
order by d.post_id desc
limit :limit;

-- name: read_posts
-- Posts of the project. "acked" is by the caller where it is a recipient, else by anyone.
select
    p.post_id, p.author as "from", p.to_lane, p.to_actor, p.subject, p.body, p.ref, p.tag, p.created_at,
    case when d.post_id is null then p.acked_at else d.acked_at end is not null as acked
from posts p
left join deliveries d
    on d.project_id = :project_id and d.post_id = p.post_id and d.participation_id = :participation_id
where p.project_id = :project_id
    and (:post_id::bigint is null or p.post_id = :post_id)
    and (:before::bigint is null or p.post_id < :before)
    and (:to_lane::text is null or p.to_lane = :to_lane)
    and (:tag::text is null or p.tag = :tag)
    and (:ref::text is null or p.ref = :ref)
    and (not :unacked_only or case when d.post_id is null then p.acked_at else d.acked_at end is null)
order by p.post_id desc
limit :limit;
