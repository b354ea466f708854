-- name: who_holds
-- Everything open, soonest to expire first.
select
    l.lease_id, l.surface, l.actor, l.expires_at, l.fence, l.note, nullif(l.mode, 'exclusive') as mode,
    ceil(extract(epoch from l.expires_at - clock_timestamp()))::integer as expires_in_seconds
from leases l
where l.project_id = :project_id and l.released_at is null and l.expires_at > clock_timestamp()
order by l.expires_at, l.lease_id
limit 1000;

-- name: who_holds_surface
-- What overlaps one surface; the function reads leases of the project it is given, row security of the caller's.
select
    l.lease_id, l.surface, l.actor, l.expires_at, l.fence, l.note, nullif(l.mode, 'exclusive') as mode,
    ceil(extract(epoch from l.expires_at - clock_timestamp()))::integer as expires_in_seconds
from overlapping_leases_v1(:project_id, :surface, clock_timestamp()) l
where l.project_id = :project_id
order by l.expires_at, l.lease_id
limit 1000;

-- name: open_leases
-- What is open is little beside what there ever was: adding nothing to the key keeps the plan off the key's index, along
-- which an open lease may lie behind all that are over.
select
    l.lease_id, l.surface, l.actor, l.note, l.granted_at, l.expires_at, l.released_at, l.fence,
    nullif(l.mode, 'exclusive') as mode,
    case
        when l.released_at is null
            then greatest(ceil(extract(epoch from l.expires_at - clock_timestamp()))::integer, 0)
        else 0
    end as expires_in_seconds
from leases l
where l.project_id = :project_id
    and l.released_at is null
    and l.expires_at > clock_timestamp()
    and (:before::bigint is null or l.lease_id < :before)
    and (
        :holder::text is null
        or l.participation_id = (select r.participation_id from resolve_actor_v1(:project_id, :holder, true) r)
    )
order by l.lease_id + 0 desc
limit :limit;

-- name: open_leases_on
-- What is open and overlaps a surface; see the function.
select
    l.lease_id, l.surface, l.actor, l.note, l.granted_at, l.expires_at, l.released_at, l.fence,
    nullif(l.mode, 'exclusive') as mode,
    case
        when l.released_at is null
            then greatest(ceil(extract(epoch from l.expires_at - clock_timestamp()))::integer, 0)
        else 0
    end as expires_in_seconds
from overlapping_leases_v1(:project_id, :surface, clock_timestamp()) l
where l.project_id = :project_id
    and (:before::bigint is null or l.lease_id < :before)
    and (
        :holder::text is null
        or l.participation_id = (select r.participation_id from resolve_actor_v1(:project_id, :holder, true) r)
    )
order by l.lease_id desc
limit :limit;

-- name: leases_ever
-- All there ever were, off the end of the key, or of the index of their holder.
select
    l.lease_id, l.surface, l.actor, l.note, l.granted_at, l.expires_at, l.released_at, l.fence,
    nullif(l.mode, 'exclusive') as mode,
    case
        when l.released_at is null
            then greatest(ceil(extract(epoch from l.expires_at - clock_timestamp()))::integer, 0)
        else 0
    end as expires_in_seconds
from leases l
where l.project_id = :project_id
    and (:before::bigint is null or l.lease_id < :before)
    and (
        :holder::text is null
        or l.participation_id = (select r.participation_id from resolve_actor_v1(:project_id, :holder, true) r)
    )
order by l.lease_id desc
limit :limit;

-- name: leases_of_surface
-- All there ever were of one surface, by its index.
select
    l.lease_id, l.surface, l.actor, l.note, l.granted_at, l.expires_at, l.released_at, l.fence,
    nullif(l.mode, 'exclusive') as mode,
    case
        when l.released_at is null
            then greatest(ceil(extract(epoch from l.expires_at - clock_timestamp()))::integer, 0)
        else 0
    end as expires_in_seconds
from leases l
where l.project_id = :project_id
    and l.surface = :surface
    and (:before::bigint is null or l.lease_id < :before)
    and (
        :holder::text is null
        or l.participation_id = (select r.participation_id from resolve_actor_v1(:project_id, :holder, true) r)
    )
order by l.lease_id desc
limit :limit;

-- name: one_lease
select
    l.lease_id, l.surface, l.actor, l.note, l.granted_at, l.expires_at, l.released_at, l.fence,
    nullif(l.mode, 'exclusive') as mode,
    case
        when l.released_at is null
            then greatest(ceil(extract(epoch from l.expires_at - clock_timestamp()))::integer, 0)
        else 0
    end as expires_in_seconds
from leases l
where l.project_id = :project_id and l.lease_id = :lease_id
order by l.lease_id
limit 1;
