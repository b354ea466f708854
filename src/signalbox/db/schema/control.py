"""Who owns what and who may."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from signalbox.db.schema.columns import TIME, column, identity, metadata, one_of, optional, partial

LABEL_SHAPE = "'^[a-z0-9][a-z0-9._-]{0,63}$'"

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
    partial("owners_operating", "owner_id", where="is_operator"),
)

handles = Table(
    "handles",
    metadata,
    column("handle", Text),
    column("owner_id", BigInteger),
    column("taken_at", TIME, "now()"),
    PrimaryKeyConstraint("handle", name="handles_pkey"),
    ForeignKeyConstraint(["owner_id"], ["owners.owner_id"], name="handles_owner_fkey"),
    CheckConstraint("handle ~ '^[a-z0-9][a-z0-9-]{0,38}$'", name="handles_shape"),
    Index("handles_of_owner", "owner_id"),
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
    optional("exported_seq", BigInteger),
    optional("deleted_at", TIME),
    column("has_closed_lanes", Boolean, "false"),
    PrimaryKeyConstraint("project_id", name="projects_pkey"),
    ForeignKeyConstraint(["owner_id"], ["owners.owner_id"], name="projects_owner_fkey"),
    CheckConstraint(f"name ~ {LABEL_SHAPE}", name="projects_name_shape"),
    CheckConstraint("liveness_seconds between 60 and 86400", name="projects_liveness_range"),
    CheckConstraint("deleted_at is null or archived_at is not null", name="projects_deleted_archived"),
    Index("projects_name_key", "owner_id", "name", unique=True, postgresql_where=text("deleted_at is null")),
    partial("projects_deleted", "project_id", where="deleted_at is not null"),
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

labels = Table(
    "labels",
    metadata,
    column("owner_id", BigInteger),
    column("label", Text),
    column("participant_id", BigInteger),
    optional("given_up_at", TIME),
    PrimaryKeyConstraint("owner_id", "label", name="labels_pkey"),
    ForeignKeyConstraint(["participant_id"], ["participants.participant_id"], name="labels_participant_fkey"),
    Index("labels_of_participant", "participant_id"),
    partial("labels_given_up", "label", where="given_up_at is not null"),
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
    column("closed_lanes", ARRAY(Text), "'{}'"),
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
    optional("replaced_at", TIME),
    optional("tool_groups", ARRAY(Text)),
    PrimaryKeyConstraint("token_hash", name="tokens_pkey"),
    UniqueConstraint("token_id", name="tokens_id_key"),
    ForeignKeyConstraint(["participation_id"], ["participations.participation_id"], name="tokens_participation_fkey"),
    CheckConstraint("length(token_hash) = 32", name="tokens_hash_length"),
    CheckConstraint("scopes <@ array['read', 'write', 'manage'] and scopes <> '{}'", name="tokens_scopes_known"),
    CheckConstraint(
        "tool_groups <@ array['core', 'lanes', 'work', 'admin', 'hooks'] and tool_groups <> '{}'",
        name="tokens_tool_groups_known",
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

server_keys = Table(
    "server_keys",
    metadata,
    column("name", Text),
    column("secret", LargeBinary),
    column("created_at", TIME, "now()"),
    PrimaryKeyConstraint("name", name="server_keys_pkey"),
    CheckConstraint("length(secret) = 32", name="server_keys_secret_length"),
)

server_errors = Table(
    "server_errors",
    metadata,
    identity("error_id"),
    column("at", TIME, "now()"),
    column("request_id", Text),
    column("method", Text),
    column("path", Text),
    column("kind", Text),
    column("place", Text),
    PrimaryKeyConstraint("error_id", name="server_errors_pkey"),
)

agendas = Table(
    "agendas",
    metadata,
    column("project_id", BigInteger),
    column("next_at", TIME),
    PrimaryKeyConstraint("project_id", name="agendas_pkey"),
    ForeignKeyConstraint(["project_id"], ["projects.project_id"], name="agendas_project_fkey", ondelete="CASCADE"),
    Index("agendas_by_time", "next_at"),
)
