create table listening_sessions (
    project_id bigint not null,
    session_id bytea not null,
    participation_id bigint not null,
    subscriptions jsonb not null default '{}',
    check_id text,
    channel_ok_at timestamptz,
    expires_at timestamptz not null,
    constraint listening_sessions_pkey primary key (project_id, session_id),
    constraint listening_sessions_id_length check (length(session_id) = 16)
);
create index listening_sessions_by_expiry on listening_sessions (project_id, expires_at);
create index listening_sessions_by_check on listening_sessions (project_id, participation_id, check_id)
    where check_id is not null;
