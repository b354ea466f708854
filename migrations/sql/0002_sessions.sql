-- What the workers of one database share to check what one of them signed. Read once, at the start.
create table server_keys (
    name text not null,
    secret bytea not null,
    created_at timestamptz not null default now(),
    constraint server_keys_pkey primary key (name),
    constraint server_keys_secret_length check (length(secret) = 32)
);
-- 244 bits of the server's strong random source, in 32 bytes.
insert into server_keys (name, secret)
values ('sessions', sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));

-- Sessions that their client has ended before their time: a signed id holds until it expires or stands here.
create table ended_sessions (
    project_id bigint not null,
    session_id bytea not null,
    expires_at timestamptz not null,
    constraint ended_sessions_pkey primary key (project_id, session_id),
    constraint ended_sessions_id_length check (length(session_id) = 16)
);
create index ended_sessions_by_expiry on ended_sessions (project_id, expires_at);
