"""The foundation: owners, projects, the ledger and the coordination tables.

Foreign keys bind the control tables. The coordination tables have none on purpose: each of their
rows is written by a function that has just proved its project and participation under the head
lock, and a key check would add a row lock and a write to every act.
"""

from __future__ import annotations

from alembic import op

from signalbox.db.migrating import apply_functions, create_app_role, drop_functions, grant_app_role, run_script

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

CONTROL_TABLES = """
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
"""

COORDINATION_TABLES = """
create table ledgers (
    project_id bigint not null,
    head bigint not null default 0,
    last_at timestamptz not null default 'epoch',
    post_head bigint not null default 0,
    task_head bigint not null default 0,
    lease_head bigint not null default 0,
    constraint ledgers_pkey primary key (project_id)
);

create table events (
    project_id bigint not null,
    seq bigint not null,
    at timestamptz not null,
    participation_id bigint not null,
    actor text not null,
    type text not null,
    payload jsonb not null,
    ref text generated always as (payload ->> 'ref') stored,
    tag text generated always as (payload ->> 'tag') stored,
    sequence text generated always as (payload ->> 'sequence') stored,
    post_id bigint generated always as ((payload ->> 'post_id')::bigint) stored,
    task_id bigint generated always as ((payload ->> 'task_id')::bigint) stored,
    lease_id bigint generated always as ((payload ->> 'lease_id')::bigint) stored,
    constraint events_pkey primary key (project_id, seq)
);
create index events_by_time on events (project_id, at);
create index events_by_participation on events (project_id, participation_id, seq);
create index events_by_type on events (project_id, type, seq);
create index events_by_ref on events (project_id, ref, seq) where ref is not null;
create index events_by_tag on events (project_id, tag, seq) where tag is not null;
create index events_by_sequence on events (project_id, sequence, seq) where sequence is not null;
create index events_by_task on events (project_id, task_id, seq) where task_id is not null;

create table lane_members (
    project_id bigint not null,
    lane text not null,
    participation_id bigint not null,
    origin text not null,
    joined_at timestamptz not null,
    constraint lane_members_pkey primary key (project_id, lane, participation_id),
    constraint lane_members_origin_known check (origin in ('granted', 'registered'))
);
create index lane_members_by_participation on lane_members (project_id, participation_id);

create table presence (
    project_id bigint not null,
    participation_id bigint not null,
    lane text,
    status text,
    registered_at timestamptz,
    last_seen_at timestamptz not null,
    constraint presence_pkey primary key (project_id, participation_id)
);

create table posts (
    project_id bigint not null,
    post_id bigint not null,
    seq bigint not null,
    author_id bigint not null,
    author text not null,
    to_lane text,
    to_actor text,
    subject text,
    body text not null,
    ref text,
    tag text,
    created_at timestamptz not null,
    acked_at timestamptz,
    constraint posts_pkey primary key (project_id, post_id),
    constraint posts_addressed check (to_lane is not null or to_actor is not null)
);
create index posts_by_lane on posts (project_id, to_lane, post_id) where to_lane is not null;
create index posts_open_by_lane on posts (project_id, to_lane, post_id)
    where to_lane is not null and acked_at is null;
create index posts_by_ref on posts (project_id, ref, post_id) where ref is not null;
create index posts_by_tag on posts (project_id, tag, post_id) where tag is not null;

create table deliveries (
    project_id bigint not null,
    post_id bigint not null,
    participation_id bigint not null,
    state text not null default 'queued',
    outcome text,
    note text,
    acked_at timestamptz,
    constraint deliveries_pkey primary key (project_id, post_id, participation_id),
    constraint deliveries_state_known check (state in ('queued', 'offered', 'seen', 'acked', 'declined', 'expired')),
    constraint deliveries_outcome_known check (outcome in ('done', 'accepted', 'declined')),
    constraint deliveries_acked_whole check ((acked_at is null) = (outcome is null))
);
create index deliveries_by_recipient on deliveries (project_id, participation_id, post_id);
create index deliveries_unacked on deliveries (project_id, participation_id, post_id) where acked_at is null;

create table sequences (
    project_id bigint not null,
    sequence text not null,
    prefix text not null default '',
    pad integer not null default 0,
    current bigint not null default 0,
    constraint sequences_pkey primary key (project_id, sequence),
    constraint sequences_pad_range check (pad between 0 and 12),
    constraint sequences_current_range check (current between 0 and 9007199254740991)
);

create table claims (
    project_id bigint not null,
    sequence text not null,
    number bigint not null,
    formatted text not null,
    seq bigint not null,
    participation_id bigint not null,
    actor text not null,
    note text,
    claimed_at timestamptz not null,
    constraint claims_pkey primary key (project_id, sequence, number)
);

create table leases (
    project_id bigint not null,
    lease_id bigint not null,
    surface text collate "C" not null,
    fixed text collate "C" not null,
    is_glob boolean not null,
    participation_id bigint not null,
    actor text not null,
    note text,
    fence bigint not null,
    granted_at timestamptz not null,
    expires_at timestamptz not null,
    released_at timestamptz,
    constraint leases_pkey primary key (project_id, lease_id)
);
create index leases_open_by_surface on leases (project_id, is_glob, surface) where released_at is null;
create index leases_open_by_holder on leases (project_id, participation_id) where released_at is null;
create index leases_open_by_expiry on leases (project_id, expires_at) where released_at is null;

create table tasks (
    project_id bigint not null,
    task_id bigint not null,
    title text not null,
    detail text,
    lane text,
    status text not null,
    owner_id bigint,
    owner text,
    created_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint tasks_pkey primary key (project_id, task_id),
    constraint tasks_status_known check (status in ('open', 'assigned', 'in_progress', 'blocked', 'done')),
    constraint tasks_owned check ((status = 'open') = (owner_id is null))
);
create index tasks_by_status on tasks (project_id, status, task_id);
create index tasks_by_owner on tasks (project_id, owner_id, task_id) where owner_id is not null;
create index tasks_by_lane on tasks (project_id, lane, task_id) where lane is not null;

create table task_blockers (
    project_id bigint not null,
    task_id bigint not null,
    blocker_id integer not null,
    on_task_id bigint,
    reason text not null,
    actor text not null,
    created_at timestamptz not null,
    resolved_at timestamptz,
    constraint task_blockers_pkey primary key (project_id, task_id, blocker_id)
);
create index task_blockers_open_on on task_blockers (project_id, on_task_id)
    where resolved_at is null and on_task_id is not null;

create table cursors (
    project_id bigint not null,
    participation_id bigint not null,
    seq bigint not null,
    page_seq bigint not null,
    constraint cursors_pkey primary key (project_id, participation_id)
);

create table idempotency_keys (
    project_id bigint not null,
    participation_id bigint not null,
    tool text not null,
    key text not null,
    arguments_hash bytea not null,
    answer jsonb not null,
    created_at timestamptz not null,
    constraint idempotency_keys_pkey primary key (project_id, participation_id, tool, key)
);
create index idempotency_keys_by_age on idempotency_keys (project_id, created_at);
"""

TENANT_TABLES = (
    "ledgers",
    "events",
    "lane_members",
    "presence",
    "posts",
    "deliveries",
    "sequences",
    "claims",
    "leases",
    "tasks",
    "task_blockers",
    "cursors",
    "idempotency_keys",
)

TENANT = (
    "project_id = any(string_to_array(nullif(current_setting('signalbox.project_ids', true), ''), ',')::bigint[])"
)

# Names of participants come from the control tables, which carry no tenant policy; this view gives
# them one, so that a statement which forgets its tenant sees no other project's participants.
MEMBERS = f"""
create view members with (security_barrier) as
select
    p.project_id,
    p.participation_id,
    p.participant_id,
    o.handle,
    a.label,
    o.handle || case when a.label = '' then '' else '/' || a.label end as actor,
    a.kind,
    p.role,
    p.lane,
    p.granted_at,
    coalesce(p.removed_at, a.removed_at) as removed_at
from participations p
join participants a on a.participant_id = p.participant_id
join owners o on o.owner_id = a.owner_id
where p.{TENANT};
"""

FUNCTIONS = (
    "types",
    "refuse_v1",
    "unread_posts_v1",
    "authenticate_v1",
    "lock_head_v1",
    "finish_act_v1",
    "begin_act_v1",
    "append_event_v1",
    "require_lead_v1",
    "resolve_actor_v1",
    "start_sequence_v1",
    "claim_v1",
    "seed_sequence_v1",
    "join_lane_v1",
    "register_v1",
    "touch_v1",
    "post_v1",
    "ack_v1",
    "segments_overlap_v1",
    "globs_meet_v1",
    "surfaces_overlap_v1",
    "overlapping_leases_v1",
    "lease_v1",
    "release_v1",
    "find_task_v1",
    "require_task_v1",
    "move_task_v1",
    "task_create_v1",
    "task_assign_v1",
    "task_start_v1",
    "task_block_v1",
    "unblock_v1",
    "task_resolve_v1",
    "task_ship_v1",
    "whats_new_v1",
    "grant_v1",
    "create_project_v1",
    "admin_provision_v1",
    "managed_member_v1",
    "admin_rotate_v1",
    "admin_revoke_v1",
    "token_member_v1",
    "revoke_token_v1",
    "rotate_token_v1",
    "create_invite_v1",
    "redeem_invite_v1",
)


def upgrade() -> None:
    create_app_role()
    run_script(CONTROL_TABLES)
    run_script(COORDINATION_TABLES)
    for table in TENANT_TABLES:
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy tenant on {table} using ({TENANT}) with check ({TENANT})")
    run_script(MEMBERS)
    apply_functions(FUNCTIONS)
    grant_app_role()


def downgrade() -> None:
    drop_functions(FUNCTIONS)
    op.execute("drop view members")
    for table in reversed(TENANT_TABLES):
        op.execute(f"drop table {table}")
    for table in ("invites", "tokens", "participations", "participants", "projects", "owners"):
        op.execute(f"drop table {table}")
