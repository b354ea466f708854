-- name: authenticate
-- Sets the tenant and the lanes of the connection whatever comes of it; see the function.
select * from authenticate_v3(:token_hash, :session_id);

-- name: still_hold
-- All open streams of a worker in one statement; see the function.
select place, role, head, subscriptions, channel_ok from still_hold_v2(:project_ids, :token_hashes, :session_ids);

-- name: end_session
-- See the function.
select end_session_v1(:project_id, :session_id, :expires_at);

-- name: session_secret
-- What session ids are signed with: the same for all workers of the database.
select secret from server_keys where name = 'sessions';
