-- Up to which seq of the ledger a session of a participation has what it reads by `sync`: its inbox, a lane, a thread.
create table sync_cursors (
    project_id bigint not null,
    participation_id bigint not null,
    session text not null,
    place text not null,
    seq bigint not null,
    moved_at timestamptz not null,
    constraint sync_cursors_pkey primary key (project_id, participation_id, session, place)
);
