-- name: who_holds
-- Everything open, soonest to expire first.
select
    l.lease_id, l.surface, l.actor, l.expires_at, l.fence, l.note,
    ceil(extract(epoch from l.expires_at - clock_timestamp()))::integer as expires_in_seconds
from leases l
where l.project_id = :project_id and l.released_at is null and l.expires_at > clock_timestamp()
order by l.expires_at, l.lease_id
limit 1000;

-- name: who_holds_surface
-- What overlaps one surface; the function reads leases of the project it is given, row security of the caller's.
select
    l.lease_id, l.surface, l.actor, l.expires_at, l.fence, l.note,
    ceil(extract(epoch from l.expires_at - clock_timestamp()))::integer as expires_in_seconds
from overlapping_leases_v1(:project_id, :surface, clock_timestamp()) l
where l.project_id = :project_id
order by l.expires_at, l.lease_id
limit 1000;
