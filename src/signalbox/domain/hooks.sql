-- name: check_numbers
-- A look-up for each number, by the key of claims.
select
    n.sequence, n.number,
    case when c.number is null then 'unclaimed' when c.participation_id = :participation_id then 'mine' else 'other' end
        as state,
    c.actor as by, c.note,
    coalesce((
        select s.current + 1
        from sequences s
        where s.project_id = :project_id and s.sequence = n.sequence
        limit 1
    ), 1) as next
from unnest(:sequences::text[], :numbers::bigint[]) with ordinality n (sequence, number, place)
left join lateral (
    select *
    from claims k
    where k.project_id = :project_id and k.sequence = n.sequence and k.number = n.number
    limit 1
) c on true
order by n.place
limit 100;

-- name: check_surfaces
-- What overlaps each surface, by the function that grants leases look with.
select
    w.surface, l.surface as lease, l.actor, l.participation_id = :participation_id as mine,
    ceil(extract(epoch from l.expires_at - clock_timestamp()))::integer as expires_in_seconds, l.note,
    l.mode
from unnest(:surfaces::text[]) with ordinality w (surface, place)
cross join lateral overlapping_leases_v1(:project_id, w.surface, clock_timestamp()) l
order by w.place, l.expires_at desc, l.lease_id
limit 200;

-- name: inbox
-- What is open in the caller's inbox, oldest first; see the function.
select o.post_id, o.author as "from", o.kind, o.urgency, o.subject, o.ref, o.body, o.body_characters
from open_inbox_v1(:project_id, :participation_id, :after, :urgent_only, :limit) o
order by o.post_id
limit :limit;

-- name: my_token
-- One token, by its hash, of a participation in the project.
select t.expires_at, ceil(extract(epoch from t.expires_at - clock_timestamp()))::integer as expires_in_seconds
from tokens t
join participations p on p.participation_id = t.participation_id
where p.project_id = :project_id and t.token_hash = :token_hash
order by t.token_hash
limit 1;
