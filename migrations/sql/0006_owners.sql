-- Every handle that was ever taken: one that its owner has given up is still its address, and nobody else's.
create table handles (
    handle text not null,
    owner_id bigint not null,
    taken_at timestamptz not null default now(),
    constraint handles_pkey primary key (handle),
    constraint handles_owner_fkey foreign key (owner_id) references owners (owner_id),
    constraint handles_shape check (handle ~ '^[a-z0-9][a-z0-9-]{0,38}$')
);
create index handles_of_owner on handles (owner_id);
insert into handles (handle, owner_id, taken_at)
select o.handle, o.owner_id, o.created_at from owners o;
create index owners_operating on owners (owner_id) where is_operator;

-- A deleted project has no name any more; its rows are purged a few at a time.
alter table projects
    add column exported_seq bigint,
    add column deleted_at timestamptz,
    drop constraint projects_name_key,
    add constraint projects_deleted_archived check (deleted_at is null or archived_at is not null);
create unique index projects_name_key on projects (owner_id, name) where deleted_at is null;
create index projects_deleted on projects (project_id) where deleted_at is not null;

-- The newest errors that callers were not told about, for the operator: never a body, a token or a query.
create table server_errors (
    error_id bigint generated always as identity,
    at timestamptz not null default now(),
    request_id text not null,
    method text not null,
    path text not null,
    kind text not null,
    place text not null,
    constraint server_errors_pkey primary key (error_id)
);
