"""What is kept of sessions: of MCP's handshake era, which ended and what they hear of; of editors, what they saw."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, PrimaryKeyConstraint, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from signalbox.db.schema.columns import TIME, column, metadata, optional, partial

ended_sessions = Table(
    "ended_sessions",
    metadata,
    column("project_id", BigInteger),
    column("session_id", LargeBinary),
    column("expires_at", TIME),
    PrimaryKeyConstraint("project_id", "session_id", name="ended_sessions_pkey"),
    CheckConstraint("length(session_id) = 16", name="ended_sessions_id_length"),
    Index("ended_sessions_by_expiry", "project_id", "expires_at"),
)

listening_sessions = Table(
    "listening_sessions",
    metadata,
    column("project_id", BigInteger),
    column("session_id", LargeBinary),
    column("participation_id", BigInteger),
    column("subscriptions", JSONB, "'{}'"),
    optional("check_id", Text),
    optional("channel_ok_at", TIME),
    column("expires_at", TIME),
    PrimaryKeyConstraint("project_id", "session_id", name="listening_sessions_pkey"),
    CheckConstraint("length(session_id) = 16", name="listening_sessions_id_length"),
    Index("listening_sessions_by_expiry", "project_id", "expires_at"),
    partial("listening_sessions_by_check", "project_id", "participation_id", "check_id", where="check_id is not null"),
)

hook_sessions = Table(
    "hook_sessions",
    metadata,
    column("project_id", BigInteger),
    column("participation_id", BigInteger),
    column("session_hash", LargeBinary),
    column("shown_up_to", BigInteger),
    column("urgent_up_to", BigInteger),
    column("used_at", TIME),
    PrimaryKeyConstraint("project_id", "participation_id", "session_hash", name="hook_sessions_pkey"),
)
