"""Who is signed in, and what they sign in with. Control tables: looked up by hash, without a tenant."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from signalbox.db.schema.columns import TIME, column, identity, metadata

admin_sessions = Table(
    "admin_sessions",
    metadata,
    column("session_hash", LargeBinary),
    identity("session_id"),
    column("owner_id", BigInteger),
    column("method", Text),
    column("user_agent", Text),
    column("signed_in_at", TIME, "now()"),
    column("last_seen_at", TIME, "now()"),
    column("expires_at", TIME),
    PrimaryKeyConstraint("session_hash", name="admin_sessions_pkey"),
    UniqueConstraint("session_id", name="admin_sessions_id_key"),
    ForeignKeyConstraint(["owner_id"], ["owners.owner_id"], name="admin_sessions_owner_fkey"),
    CheckConstraint("length(session_hash) = 32", name="admin_sessions_hash_length"),
    Index("admin_sessions_of_owner", "owner_id", "session_id"),
    Index("admin_sessions_by_expiry", "expires_at"),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    column("code_hash", LargeBinary),
    column("owner_id", BigInteger),
    column("created_at", TIME, "now()"),
    column("expires_at", TIME),
    PrimaryKeyConstraint("code_hash", name="sign_in_links_pkey"),
    ForeignKeyConstraint(["owner_id"], ["owners.owner_id"], name="sign_in_links_owner_fkey"),
    CheckConstraint("length(code_hash) = 32", name="sign_in_links_hash_length"),
    Index("sign_in_links_by_expiry", "expires_at"),
)

owner_identities = Table(
    "owner_identities",
    metadata,
    column("provider", Text),
    column("subject", Text),
    column("owner_id", BigInteger),
    column("email", Text),
    column("created_at", TIME, "now()"),
    column("last_used_at", TIME, "now()"),
    PrimaryKeyConstraint("provider", "subject", name="owner_identities_pkey"),
    ForeignKeyConstraint(["owner_id"], ["owners.owner_id"], name="owner_identities_owner_fkey"),
    Index("owner_identities_of_owner", "owner_id", "provider", "subject"),
)

sign_in_flows = Table(
    "sign_in_flows",
    metadata,
    column("state_hash", LargeBinary),
    column("browser_hash", LargeBinary),
    column("provider", Text),
    column("nonce", Text),
    column("code_verifier", Text),
    column("return_to", Text),
    column("expires_at", TIME),
    PrimaryKeyConstraint("state_hash", name="sign_in_flows_pkey"),
    CheckConstraint("length(state_hash) = 32 and length(browser_hash) = 32", name="sign_in_flows_hash_length"),
    Index("sign_in_flows_by_expiry", "expires_at"),
)

sign_ups = Table(
    "sign_ups",
    metadata,
    column("browser_hash", LargeBinary),
    column("provider", Text),
    column("subject", Text),
    column("email", Text),
    column("return_to", Text),
    column("expires_at", TIME),
    PrimaryKeyConstraint("browser_hash", name="sign_ups_pkey"),
    CheckConstraint("length(browser_hash) = 32", name="sign_ups_hash_length"),
    Index("sign_ups_by_expiry", "expires_at"),
)
