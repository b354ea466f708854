-- name: make_link
-- An owner has three at most: the oldest make room, so that asking again and again fills nothing up.
with too_many as (
    delete from sign_in_links l
    using (
        select k.code_hash
        from sign_in_links k
        join owners o on o.owner_id = k.owner_id
        where lower(o.email) = lower(:email)
        order by k.created_at desc
        offset 2
        limit 100
    ) old
    where l.code_hash = old.code_hash
)
insert into sign_in_links (code_hash, owner_id, expires_at)
select :code_hash, o.owner_id, clock_timestamp() + make_interval(secs => :seconds)
from owners o
where lower(o.email) = lower(:email) and o.suspended_at is null
returning owner_id, expires_at;

-- name: look_at_link
-- Whom a link would sign in, without using it.
select o.handle
from sign_in_links l
join owners o on o.owner_id = l.owner_id
where l.code_hash = :code_hash and l.expires_at > clock_timestamp() and o.suspended_at is null
limit 1;

-- name: use_link
-- See the function.
select use_sign_in_link_v1(:code_hash, :session_hash, :user_agent, :session_seconds) as owner_id;

-- name: open_session
-- For who has proved to be an owner in another way; a suspended one gets none.
insert into admin_sessions (session_hash, owner_id, method, user_agent, signed_in_at, expires_at)
select
    :session_hash, o.owner_id, :method, :user_agent, least(clock_timestamp(), :proved_at::timestamptz),
    clock_timestamp() + make_interval(secs => :session_seconds)
from owners o
where o.owner_id = :owner_id and o.suspended_at is null
returning owner_id;

-- name: list_sessions
-- Where an owner is signed in, latest use first.
select s.session_id, s.method, s.user_agent, s.signed_in_at, s.last_seen_at, s.expires_at
from admin_sessions s
where s.owner_id = :owner_id
    and s.expires_at > clock_timestamp()
    and s.last_seen_at > clock_timestamp() - make_interval(secs => :idle_seconds)
order by s.last_seen_at desc, s.session_id
limit 100;

-- name: end_session
-- One session of an owner's.
delete from admin_sessions s
where s.owner_id = :owner_id and s.session_id = :session_id
returning s.session_id;

-- name: end_held
-- By its hash: whoever signs in again in a browser may be another owner, and whoever signs out a suspended one.
delete from admin_sessions s where s.session_hash = :session_hash returning s.session_id;

-- name: end_sessions
-- All sessions of an owner's.
delete from admin_sessions s where s.owner_id = :owner_id returning s.session_id;
