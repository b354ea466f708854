-- Who owns what and who may: looked up by hash or handle before a tenant is known, so without a tenant policy.

create table owners (
    owner_id bigint generated always as identity,
    handle text not null,
    email text not null,
    is_operator boolean not null default false,
    suspended_at timestamptz,
    created_at timestamptz not null default now(),
    constraint owners_pkey primary key (owner_id),
    constraint owners_handle_key unique (handle),
    constraint owners_handle_shape check (handle ~ '^[a-z0-9][a-z0-9-]{0,38}$')
);
create unique index owners_email_key on owners (lower(email));

create table projects (
    project_id bigint generated always as identity,
    owner_id bigint not null,
    name text not null,
    liveness_seconds integer not null default 900,
    archived_at timestamptz,
    created_at timestamptz not null default now(),
    constraint projects_pkey primary key (project_id),
    constraint projects_name_key unique (owner_id, name),
    constraint projects_owner_fkey foreign key (owner_id) references owners (owner_id),
    constraint projects_name_shape check (name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    constraint projects_liveness_range check (liveness_seconds between 60 and 86400)
);

create table participants (
    participant_id bigint generated always as identity,
    owner_id bigint not null,
    label text not null,
    kind text not null,
    created_at timestamptz not null default now(),
    removed_at timestamptz,
    constraint participants_pkey primary key (participant_id),
    constraint participants_label_key unique (owner_id, label),
    constraint participants_owner_fkey foreign key (owner_id) references owners (owner_id),
    constraint participants_label_shape check (label = '' or label ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    constraint participants_kind_known check (kind in ('agent', 'human'))
);

create table participations (
    participation_id bigint generated always as identity,
    project_id bigint not null,
    participant_id bigint not null,
    role text not null,
    lane text,
    granted_at timestamptz not null default now(),
    removed_at timestamptz,
    constraint participations_pkey primary key (participation_id),
    constraint participations_participant_key unique (project_id, participant_id),
    constraint participations_project_fkey foreign key (project_id) references projects (project_id),
    constraint participations_participant_fkey foreign key (participant_id)
        references participants (participant_id),
    constraint participations_role_known check (role in ('member', 'lead'))
);
create index participations_of_participant on participations (participant_id);

create table tokens (
    token_hash bytea not null,
    token_id bigint generated always as identity,
    participation_id bigint not null,
    scopes text[] not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    constraint tokens_pkey primary key (token_hash),
    constraint tokens_id_key unique (token_id),
    constraint tokens_participation_fkey foreign key (participation_id)
        references participations (participation_id),
    constraint tokens_hash_length check (length(token_hash) = 32),
    constraint tokens_scopes_known check (scopes <@ array['read', 'write', 'manage'] and scopes <> '{}')
);
create index tokens_of_participation on tokens (participation_id);

create table invites (
    code_hash bytea not null,
    invite_id bigint generated always as identity,
    project_id bigint not null,
    label text,
    kind text not null,
    lane text,
    role text not null,
    uses_max integer not null,
    uses integer not null default 0,
    created_by text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    constraint invites_pkey primary key (code_hash),
    constraint invites_id_key unique (invite_id),
    constraint invites_project_fkey foreign key (project_id) references projects (project_id),
    constraint invites_hash_length check (length(code_hash) = 32),
    constraint invites_kind_known check (kind in ('agent', 'human')),
    constraint invites_role_known check (role in ('member', 'lead')),
    constraint invites_uses_range check (uses between 0 and uses_max and uses_max between 1 and 50)
);
create index invites_of_project on invites (project_id, invite_id);
