"""What a project's participants do."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from signalbox.db.schema.columns import TIME, column, metadata, one_of, optional, partial

ledgers = Table(
    "ledgers",
    metadata,
    column("project_id", BigInteger),
    column("head", BigInteger, "0"),
    column("last_at", TIME, "'epoch'"),
    column("post_head", BigInteger, "0"),
    column("task_head", BigInteger, "0"),
    column("lease_head", BigInteger, "0"),
    PrimaryKeyConstraint("project_id", name="ledgers_pkey"),
)

events = Table(
    "events",
    metadata,
    column("project_id", BigInteger),
    column("seq", BigInteger),
    column("at", TIME),
    column("participation_id", BigInteger),
    column("actor", Text),
    column("type", Text),
    column("payload", JSONB),
    optional("ref", Text),
    optional("tag", Text),
    optional("sequence", Text),
    optional("post_id", BigInteger),
    optional("task_id", BigInteger),
    optional("lease_id", BigInteger),
    optional("closed_lane", Text),
    PrimaryKeyConstraint("project_id", "seq", name="events_pkey"),
    Index("events_by_time", "project_id", "at"),
    Index("events_by_participation", "project_id", "participation_id", "seq"),
    Index("events_by_participation_and_type", "project_id", "participation_id", "type", "seq"),
    Index("events_by_type", "project_id", "type", "seq"),
    partial("events_by_ref", "project_id", "ref", "seq", where="ref is not null"),
    partial("events_by_tag", "project_id", "tag", "seq", where="tag is not null"),
    partial("events_by_sequence", "project_id", "sequence", "seq", where="sequence is not null"),
    partial("events_by_tag_and_participation", "project_id", "tag", "participation_id", "seq", where="tag is not null"),
    partial(
        "events_by_sequence_and_participation",
        "project_id",
        "sequence",
        "participation_id",
        "seq",
        where="sequence is not null",
    ),
    partial("events_by_task", "project_id", "task_id", "seq", where="task_id is not null"),
)

lane_members = Table(
    "lane_members",
    metadata,
    column("project_id", BigInteger),
    column("lane", Text),
    column("participation_id", BigInteger),
    column("origin", Text),
    column("joined_at", TIME),
    column("is_insider", Boolean, "false"),
    optional("closed_lane", Text),
    PrimaryKeyConstraint("project_id", "lane", "participation_id", name="lane_members_pkey"),
    CheckConstraint(one_of("origin", "granted", "registered", "joined"), name="lane_members_origin_known"),
    CheckConstraint("closed_lane is null or (closed_lane = lane and is_insider)", name="lane_members_closed_inside"),
    Index("lane_members_by_participation", "project_id", "participation_id"),
)

presence = Table(
    "presence",
    metadata,
    column("project_id", BigInteger),
    column("participation_id", BigInteger),
    optional("lane", Text),
    optional("status", Text),
    optional("registered_at", TIME),
    column("last_seen_at", TIME),
    column("availability", Text, "'active'"),
    column("visibility", Text, "'visible'"),
    column("tags", ARRAY(Text), "'{}'"),
    optional("reach", Text),
    optional("reach_at", TIME),
    optional("closed_lane", Text),
    optional("closed_status", Text),
    PrimaryKeyConstraint("project_id", "participation_id", name="presence_pkey"),
    CheckConstraint(one_of("availability", "active", "idle", "busy"), name="presence_availability_known"),
    CheckConstraint(one_of("visibility", "visible", "hidden", "ghost"), name="presence_visibility_known"),
    CheckConstraint(one_of("reach", "stream", "wait", "hook"), name="presence_reach_known"),
    CheckConstraint("(reach is null) = (reach_at is null)", name="presence_reach_whole"),
)

cursors = Table(
    "cursors",
    metadata,
    column("project_id", BigInteger),
    column("participation_id", BigInteger),
    column("seq", BigInteger),
    column("page_seq", BigInteger),
    column("session", Text, "''"),
    column("moved_at", TIME, "now()"),
    PrimaryKeyConstraint("project_id", "participation_id", "session", name="cursors_pkey"),
)

sync_cursors = Table(
    "sync_cursors",
    metadata,
    column("project_id", BigInteger),
    column("participation_id", BigInteger),
    column("session", Text),
    column("place", Text),
    column("seq", BigInteger),
    column("moved_at", TIME),
    PrimaryKeyConstraint("project_id", "participation_id", "session", "place", name="sync_cursors_pkey"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    column("project_id", BigInteger),
    column("participation_id", BigInteger),
    column("tool", Text),
    column("key", Text),
    column("arguments_hash", LargeBinary),
    column("answer", JSONB),
    column("created_at", TIME),
    PrimaryKeyConstraint("project_id", "participation_id", "tool", "key", name="idempotency_keys_pkey"),
    Index("idempotency_keys_by_age", "project_id", "created_at"),
)
