-- What a project's participants do: every table begins with its project, and row security binds it there. No
-- foreign keys: each row is written by a function that has just proved its project and participation under
-- the head lock, and a key check would add a row lock and a write to every act.

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

-- Names of participants come from the control tables, which carry no tenant policy; this view gives them one,
-- so that a statement which forgets its tenant sees no other project's participants.
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
where p.project_id = any(string_to_array(nullif(current_setting('signalbox.project_ids', true), ''), ',')::bigint[]);
