-- name: begin_flow
-- What the provider's answer must agree with. Those that nobody came back from make room on the way.
with gone as (
    delete from sign_in_flows f
    using (
        select e.state_hash
        from sign_in_flows e
        where e.expires_at < clock_timestamp()
        order by e.expires_at
        limit 100
    ) old
    where f.state_hash = old.state_hash
)
insert into sign_in_flows (state_hash, browser_hash, provider, nonce, code_verifier, return_to, expires_at)
values (
    :state_hash, :browser_hash, :provider, :nonce, :code_verifier, :return_to,
    clock_timestamp() + make_interval(secs => :seconds)
)
returning expires_at;

-- name: take_flow
-- Used once: of callbacks at once one gets the row. One from another browser leaves it as it is.
delete from sign_in_flows f
where f.state_hash = :state_hash and f.browser_hash = :browser_hash and f.provider = :provider
returning f.nonce, f.code_verifier, f.return_to, f.expires_at > clock_timestamp() as holds;

-- name: know_identity
-- See the function.
select know_identity_v1(:provider, :subject, :email) as owner_id;

-- name: begin_sign_up
-- One per browser; those that were never ended make room on the way.
with gone as (
    delete from sign_ups u
    using (
        select e.browser_hash
        from sign_ups e
        where e.expires_at < clock_timestamp()
        order by e.expires_at
        limit 100
    ) old
    where u.browser_hash = old.browser_hash
)
insert into sign_ups (browser_hash, provider, subject, email, return_to, expires_at)
values (
    :browser_hash, :provider, :subject, :email, :return_to, clock_timestamp() + make_interval(secs => :seconds)
)
returning expires_at;

-- name: look_at_sign_up
-- Who is choosing a handle in this browser.
select u.provider, u.email
from sign_ups u
where u.browser_hash = :browser_hash and u.expires_at > clock_timestamp()
limit 1;

-- name: sign_up
-- See the function.
select s.owner as owner_id, s.return_to, s.provider from sign_up_v1(:browser_hash, :handle) s limit 1;

-- name: list_identities
-- What an owner may sign in with.
select i.provider, i.subject, i.email, i.created_at, i.last_used_at
from owner_identities i
where i.owner_id = :owner_id
order by i.provider, i.subject
limit 100;

-- name: unlink
-- One identity of an owner's.
delete from owner_identities i
where i.owner_id = :owner_id and i.provider = :provider and i.subject = :subject
returning i.provider;
