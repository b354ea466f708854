-- Up to which post a session of an editor was shown its handoffs by a hook. Of a participant those go that were not
-- used for a week, when it begins another one.
create table hook_sessions (
    project_id bigint not null,
    participation_id bigint not null,
    session_hash bytea not null,
    shown_up_to bigint not null,
    urgent_up_to bigint not null,
    used_at timestamptz not null,
    constraint hook_sessions_pkey primary key (project_id, participation_id, session_hash)
);
