"""Lanes that somebody has configured, and who is let into the closed ones."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from signalbox.db.schema.columns import TIME, column, metadata, one_of, optional

lanes = Table(
    "lanes",
    metadata,
    column("project_id", BigInteger),
    column("lane", Text),
    column("access", Text),
    optional("description", Text),
    column("created_by", BigInteger),
    column("created_at", TIME),
    column("was_closed", Boolean),
    Column("closed_lane", Text, Computed("case when access = 'secret' then lane end", persisted=True)),
    PrimaryKeyConstraint("project_id", "lane", name="lanes_pkey"),
    CheckConstraint(one_of("access", "open", "private", "secret"), name="lanes_access_known"),
    CheckConstraint("(access = 'secret') = (position('~' in lane) > 0)", name="lanes_secret_marked"),
    CheckConstraint("left(lane, 1) <> '@'", name="lanes_nobodys"),
    CheckConstraint("was_closed or access = 'open'", name="lanes_closed_once"),
    Index("lanes_by_creator", "project_id", "created_by"),
)

lane_invitations = Table(
    "lane_invitations",
    metadata,
    column("project_id", BigInteger),
    column("lane", Text),
    column("participation_id", BigInteger),
    column("invited_by", Text),
    column("invited_at", TIME),
    Column("closed_lane", Text, Computed("'@' || participation_id::text", persisted=True)),
    PrimaryKeyConstraint("project_id", "lane", "participation_id", name="lane_invitations_pkey"),
    Index("lane_invitations_by_participation", "project_id", "participation_id"),
)
