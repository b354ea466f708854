-- name: latest_claims
-- The newest claim of each sequence, read off the end of its index.
select s.sequence, c.number, c.formatted, c.actor as by, c.claimed_at as at
from sequences s
cross join lateral (
    select l.number, l.formatted, l.actor, l.claimed_at
    from claims l
    where l.project_id = :project_id and l.sequence = s.sequence
    order by l.number desc
    limit 1
) c
where s.project_id = :project_id
order by s.sequence
limit 1000;

-- name: unsettled_claims
-- What was never settled, newest first: a page of each sequence, by their index, of which the newest are kept.
select s.sequence, c.number, c.formatted, c.actor as by, c.claimed_at as at, c.seq
from sequences s
cross join lateral (
    select l.number, l.formatted, l.actor, l.claimed_at, l.seq
    from claims l
    where l.project_id = :project_id and l.sequence = s.sequence and l.outcome is null and l.seq < :before
    order by l.seq desc
    limit :limit
) c
where s.project_id = :project_id
order by c.seq desc
limit :limit;

-- name: list_sequences
-- A project has at most 1,000 sequences, so this is one page.
select
    s.sequence as name,
    s.prefix,
    s.pad,
    s.current as last_used,
    s.current + 1 as next,
    s.prefix || lpad((s.current + 1)::text, greatest(s.pad, length((s.current + 1)::text)), '0') as next_formatted
from sequences s
where s.project_id = :project_id
order by s.sequence
limit 1000;

-- name: list_claims
-- A page of one sequence, off the end of its key.
select
    c.number, c.formatted, c.actor as by, c.claimed_at as at, c.note, c.outcome, c.settled_ref, c.settled_by, c.seq
from claims c
where c.project_id = :project_id and c.sequence = :sequence and (:before::bigint is null or c.number < :before)
order by c.number desc
limit :limit;
