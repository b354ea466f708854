"""The schema as SQLAlchemy sees it. For Alembic and the tests; the server never imports it.

A test compares it with a migrated database, catalog by catalog.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

metadata = MetaData()

TIME = DateTime(timezone=True)
LABEL_SHAPE = "'^[a-z0-9][a-z0-9._-]{0,63}$'"


def column(name: str, kind: TypeEngine[object] | type[TypeEngine[object]], default: str | None = None) -> Column[object]:
    """Build a column that must have a value."""
    return Column(name, kind, nullable=False, server_default=None if default is None else text(default))


def optional(name: str, kind: TypeEngine[object] | type[TypeEngine[object]]) -> Column[object]:
    """Build a column that may be null."""
    return Column(name, kind, nullable=True)


def identity(name: str) -> Column[object]:
    """Build an id that the database counts."""
    return Column(name, BigInteger, Identity(always=True), nullable=False)


def filtered(name: str, kind: type[TypeEngine[object]], expression: str) -> Column[object]:
    """Build a column copied out of the payload: row security lets only real columns reach an index."""
    return Column(name, kind, Computed(expression, persisted=True))


def one_of(column_name: str, *values: str) -> str:
    """Build the condition that a column has one of some values."""
    return f"{column_name} in ({', '.join(repr(value) for value in values)})"


owners = Table(
    "owners",
    metadata,
    identity("owner_id"),
    column("handle", Text),
    column("email", Text),
    column("is_operator", Boolean, "false"),
    optional("suspended_at", TIME),
    column("created_at", TIME, "now()"),
    PrimaryKeyConstraint("owner_id", name="owners_pkey"),
    UniqueConstraint("handle", name="owners_handle_key"),
    CheckConstraint("handle ~ '^[a-z0-9][a-z0-9-]{0,38}$'", name="owners_handle_shape"),
    Index("owners_email_key", text("lower(email)"), unique=True),
)

projects = Table(
    "projects",
    metadata,
    identity("project_id"),
    column("owner_id", BigInteger),
    column("name", Text),
    column("liveness_seconds", Integer, "900"),
    optional("archived_at", TIME),
    column("created_at", TIME, "now()"),
    PrimaryKeyConstraint("project_id", name="projects_pkey"),
    UniqueConstraint("owner_id", "name", name="projects_name_key"),
    ForeignKeyConstraint(["owner_id"], ["owners.owner_id"], name="projects_owner_fkey"),
    CheckConstraint(f"name ~ {LABEL_SHAPE}", name="projects_name_shape"),
    CheckConstraint("liveness_seconds between 60 and 86400", name="projects_liveness_range"),
)

participants = Table(
    "participants",
    metadata,
    identity("participant_id"),
    column("owner_id", BigInteger),
    column("label", Text),
    column("kind", Text),
    column("created_at", TIME, "now()"),
    optional("removed_at", TIME),
    PrimaryKeyConstraint("participant_id", name="participants_pkey"),
    UniqueConstraint("owner_id", "label", name="participants_label_key"),
    ForeignKeyConstraint(["owner_id"], ["owners.owner_id"], name="participants_owner_fkey"),
    CheckConstraint(f"label = '' or label ~ {LABEL_SHAPE}", name="participants_label_shape"),
    CheckConstraint(one_of("kind", "agent", "human"), name="participants_kind_known"),
)

participations = Table(
    "participations",
    metadata,
    identity("participation_id"),
    column("project_id", BigInteger),
    column("participant_id", BigInteger),
    column("role", Text),
    optional("lane", Text),
    column("granted_at", TIME, "now()"),
    optional("removed_at", TIME),
    PrimaryKeyConstraint("participation_id", name="participations_pkey"),
    UniqueConstraint("project_id", "participant_id", name="participations_participant_key"),
    ForeignKeyConstraint(["project_id"], ["projects.project_id"], name="participations_project_fkey"),
    ForeignKeyConstraint(["participant_id"], ["participants.participant_id"], name="participations_participant_fkey"),
    CheckConstraint(one_of("role", "member", "lead"), name="participations_role_known"),
    Index("participations_of_participant", "participant_id"),
)

tokens = Table(
    "tokens",
    metadata,
    column("token_hash", LargeBinary),
    identity("token_id"),
    column("participation_id", BigInteger),
    column("scopes", ARRAY(Text)),
    column("created_at", TIME, "now()"),
    optional("expires_at", TIME),
    optional("revoked_at", TIME),
    optional("last_used_at", TIME),
    PrimaryKeyConstraint("token_hash", name="tokens_pkey"),
    UniqueConstraint("token_id", name="tokens_id_key"),
    ForeignKeyConstraint(
        ["participation_id"], ["participations.participation_id"], name="tokens_participation_fkey"
    ),
    CheckConstraint("length(token_hash) = 32", name="tokens_hash_length"),
    CheckConstraint(
        "scopes <@ array['read', 'write', 'manage'] and scopes <> '{}'", name="tokens_scopes_known"
    ),
    Index("tokens_of_participation", "participation_id"),
)

invites = Table(
    "invites",
    metadata,
    column("code_hash", LargeBinary),
    identity("invite_id"),
    column("project_id", BigInteger),
    optional("label", Text),
    column("kind", Text),
    optional("lane", Text),
    column("role", Text),
    column("uses_max", Integer),
    column("uses", Integer, "0"),
    column("created_by", Text),
    column("created_at", TIME, "now()"),
    column("expires_at", TIME),
    optional("revoked_at", TIME),
    PrimaryKeyConstraint("code_hash", name="invites_pkey"),
    UniqueConstraint("invite_id", name="invites_id_key"),
    ForeignKeyConstraint(["project_id"], ["projects.project_id"], name="invites_project_fkey"),
    CheckConstraint("length(code_hash) = 32", name="invites_hash_length"),
    CheckConstraint(one_of("kind", "agent", "human"), name="invites_kind_known"),
    CheckConstraint(one_of("role", "member", "lead"), name="invites_role_known"),
    CheckConstraint("uses between 0 and uses_max and uses_max between 1 and 50", name="invites_uses_range"),
    Index("invites_of_project", "project_id", "invite_id"),
)

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
    filtered("ref", Text, "payload ->> 'ref'"),
    filtered("tag", Text, "payload ->> 'tag'"),
    filtered("sequence", Text, "payload ->> 'sequence'"),
    filtered("post_id", BigInteger, "(payload ->> 'post_id')::bigint"),
    filtered("task_id", BigInteger, "(payload ->> 'task_id')::bigint"),
    filtered("lease_id", BigInteger, "(payload ->> 'lease_id')::bigint"),
    PrimaryKeyConstraint("project_id", "seq", name="events_pkey"),
    Index("events_by_time", "project_id", "at"),
    Index("events_by_participation", "project_id", "participation_id", "seq"),
    Index("events_by_type", "project_id", "type", "seq"),
    Index("events_by_ref", "project_id", "ref", "seq", postgresql_where=text("ref is not null")),
    Index("events_by_tag", "project_id", "tag", "seq", postgresql_where=text("tag is not null")),
    Index("events_by_sequence", "project_id", "sequence", "seq", postgresql_where=text("sequence is not null")),
    Index("events_by_task", "project_id", "task_id", "seq", postgresql_where=text("task_id is not null")),
)

lane_members = Table(
    "lane_members",
    metadata,
    column("project_id", BigInteger),
    column("lane", Text),
    column("participation_id", BigInteger),
    column("origin", Text),
    column("joined_at", TIME),
    PrimaryKeyConstraint("project_id", "lane", "participation_id", name="lane_members_pkey"),
    CheckConstraint(one_of("origin", "granted", "registered"), name="lane_members_origin_known"),
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
    PrimaryKeyConstraint("project_id", "participation_id", name="presence_pkey"),
)

posts = Table(
    "posts",
    metadata,
    column("project_id", BigInteger),
    column("post_id", BigInteger),
    column("seq", BigInteger),
    column("author_id", BigInteger),
    column("author", Text),
    optional("to_lane", Text),
    optional("to_actor", Text),
    optional("subject", Text),
    column("body", Text),
    optional("ref", Text),
    optional("tag", Text),
    column("created_at", TIME),
    optional("acked_at", TIME),
    PrimaryKeyConstraint("project_id", "post_id", name="posts_pkey"),
    CheckConstraint("to_lane is not null or to_actor is not null", name="posts_addressed"),
    Index("posts_by_lane", "project_id", "to_lane", "post_id", postgresql_where=text("to_lane is not null")),
    Index(
        "posts_open_by_lane",
        "project_id",
        "to_lane",
        "post_id",
        postgresql_where=text("to_lane is not null and acked_at is null"),
    ),
    Index("posts_by_ref", "project_id", "ref", "post_id", postgresql_where=text("ref is not null")),
    Index("posts_by_tag", "project_id", "tag", "post_id", postgresql_where=text("tag is not null")),
)

deliveries = Table(
    "deliveries",
    metadata,
    column("project_id", BigInteger),
    column("post_id", BigInteger),
    column("participation_id", BigInteger),
    column("state", Text, "'queued'"),
    optional("outcome", Text),
    optional("note", Text),
    optional("acked_at", TIME),
    PrimaryKeyConstraint("project_id", "post_id", "participation_id", name="deliveries_pkey"),
    CheckConstraint(
        one_of("state", "queued", "offered", "seen", "acked", "declined", "expired"),
        name="deliveries_state_known",
    ),
    CheckConstraint(one_of("outcome", "done", "accepted", "declined"), name="deliveries_outcome_known"),
    CheckConstraint("(acked_at is null) = (outcome is null)", name="deliveries_acked_whole"),
    Index("deliveries_by_recipient", "project_id", "participation_id", "post_id"),
    Index(
        "deliveries_unacked",
        "project_id",
        "participation_id",
        "post_id",
        postgresql_where=text("acked_at is null"),
    ),
)

sequences = Table(
    "sequences",
    metadata,
    column("project_id", BigInteger),
    column("sequence", Text),
    column("prefix", Text, "''"),
    column("pad", Integer, "0"),
    column("current", BigInteger, "0"),
    PrimaryKeyConstraint("project_id", "sequence", name="sequences_pkey"),
    CheckConstraint("pad between 0 and 12", name="sequences_pad_range"),
    CheckConstraint("current between 0 and 9007199254740991", name="sequences_current_range"),
)

claims = Table(
    "claims",
    metadata,
    column("project_id", BigInteger),
    column("sequence", Text),
    column("number", BigInteger),
    column("formatted", Text),
    column("seq", BigInteger),
    column("participation_id", BigInteger),
    column("actor", Text),
    optional("note", Text),
    column("claimed_at", TIME),
    PrimaryKeyConstraint("project_id", "sequence", "number", name="claims_pkey"),
)

leases = Table(
    "leases",
    metadata,
    column("project_id", BigInteger),
    column("lease_id", BigInteger),
    column("surface", Text(collation="C")),
    column("fixed", Text(collation="C")),
    column("is_glob", Boolean),
    column("participation_id", BigInteger),
    column("actor", Text),
    optional("note", Text),
    column("fence", BigInteger),
    column("granted_at", TIME),
    column("expires_at", TIME),
    optional("released_at", TIME),
    PrimaryKeyConstraint("project_id", "lease_id", name="leases_pkey"),
    Index("leases_open_by_surface", "project_id", "is_glob", "surface", postgresql_where=text("released_at is null")),
    Index("leases_open_by_holder", "project_id", "participation_id", postgresql_where=text("released_at is null")),
    Index("leases_open_by_expiry", "project_id", "expires_at", postgresql_where=text("released_at is null")),
)

tasks = Table(
    "tasks",
    metadata,
    column("project_id", BigInteger),
    column("task_id", BigInteger),
    column("title", Text),
    optional("detail", Text),
    optional("lane", Text),
    column("status", Text),
    optional("owner_id", BigInteger),
    optional("owner", Text),
    column("created_by", Text),
    column("created_at", TIME),
    column("updated_at", TIME),
    PrimaryKeyConstraint("project_id", "task_id", name="tasks_pkey"),
    CheckConstraint(
        one_of("status", "open", "assigned", "in_progress", "blocked", "done"), name="tasks_status_known"
    ),
    CheckConstraint("(status = 'open') = (owner_id is null)", name="tasks_owned"),
    Index("tasks_by_status", "project_id", "status", "task_id"),
    Index("tasks_by_owner", "project_id", "owner_id", "task_id", postgresql_where=text("owner_id is not null")),
    Index("tasks_by_lane", "project_id", "lane", "task_id", postgresql_where=text("lane is not null")),
)

task_blockers = Table(
    "task_blockers",
    metadata,
    column("project_id", BigInteger),
    column("task_id", BigInteger),
    column("blocker_id", Integer),
    optional("on_task_id", BigInteger),
    column("reason", Text),
    column("actor", Text),
    column("created_at", TIME),
    optional("resolved_at", TIME),
    PrimaryKeyConstraint("project_id", "task_id", "blocker_id", name="task_blockers_pkey"),
    Index(
        "task_blockers_open_on",
        "project_id",
        "on_task_id",
        postgresql_where=text("resolved_at is null and on_task_id is not null"),
    ),
)

cursors = Table(
    "cursors",
    metadata,
    column("project_id", BigInteger),
    column("participation_id", BigInteger),
    column("seq", BigInteger),
    column("page_seq", BigInteger),
    PrimaryKeyConstraint("project_id", "participation_id", name="cursors_pkey"),
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
