-- Who is signed in, on which browser. The cookie holds the secret; only its hash stands here.
create table admin_sessions (
    session_hash bytea not null,
    session_id bigint generated always as identity,
    owner_id bigint not null,
    method text not null,
    user_agent text not null,
    signed_in_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    expires_at timestamptz not null,
    constraint admin_sessions_pkey primary key (session_hash),
    constraint admin_sessions_id_key unique (session_id),
    constraint admin_sessions_owner_fkey foreign key (owner_id) references owners (owner_id),
    constraint admin_sessions_hash_length check (length(session_hash) = 32)
);
create index admin_sessions_of_owner on admin_sessions (owner_id, session_id);
create index admin_sessions_by_expiry on admin_sessions (expires_at);

-- One-use links that sign an owner in.
create table sign_in_links (
    code_hash bytea not null,
    owner_id bigint not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    constraint sign_in_links_pkey primary key (code_hash),
    constraint sign_in_links_owner_fkey foreign key (owner_id) references owners (owner_id),
    constraint sign_in_links_hash_length check (length(code_hash) = 32)
);
create index sign_in_links_by_expiry on sign_in_links (expires_at);

-- Whom an identity provider knows an owner as: its own name for the account never changes, an email may.
create table owner_identities (
    provider text not null,
    subject text not null,
    owner_id bigint not null,
    email text not null,
    created_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    constraint owner_identities_pkey primary key (provider, subject),
    constraint owner_identities_owner_fkey foreign key (owner_id) references owners (owner_id)
);
create index owner_identities_of_owner on owner_identities (owner_id, provider, subject);

-- Sign-ins that an identity provider is busy with: what its answer must agree with, and the browser it began in.
create table sign_in_flows (
    state_hash bytea not null,
    browser_hash bytea not null,
    provider text not null,
    nonce text not null,
    code_verifier text not null,
    return_to text not null,
    expires_at timestamptz not null,
    constraint sign_in_flows_pkey primary key (state_hash),
    constraint sign_in_flows_hash_length check (length(state_hash) = 32 and length(browser_hash) = 32)
);
create index sign_in_flows_by_expiry on sign_in_flows (expires_at);

-- Who has proved an identity and still has to choose a handle; `browser_hash` is of the cookie's secret.
create table sign_ups (
    browser_hash bytea not null,
    provider text not null,
    subject text not null,
    email text not null,
    return_to text not null,
    expires_at timestamptz not null,
    constraint sign_ups_pkey primary key (browser_hash),
    constraint sign_ups_hash_length check (length(browser_hash) = 32)
);
create index sign_ups_by_expiry on sign_ups (expires_at);
