"""What tasks and surfaces wait for."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Index, PrimaryKeyConstraint, Table, Text

from signalbox.db.schema.columns import TIME, column, metadata, one_of, optional, partial

lease_waiters = Table(
    "lease_waiters",
    metadata,
    column("project_id", BigInteger),
    column("participation_id", BigInteger),
    column("surface", Text(collation="C")),
    column("fixed", Text(collation="C")),
    column("mode", Text),
    column("place", BigInteger),
    column("actor", Text),
    column("queued_at", TIME),
    column("waits_until", TIME),
    PrimaryKeyConstraint("project_id", "participation_id", "surface", name="lease_waiters_pkey"),
    CheckConstraint(one_of("mode", "exclusive", "shared"), name="lease_waiters_mode_known"),
    Index("lease_waiters_by_place", "project_id", "place"),
)

task_dependencies = Table(
    "task_dependencies",
    metadata,
    column("project_id", BigInteger),
    column("task_id", BigInteger),
    column("on_task_id", BigInteger),
    optional("resolved_at", TIME),
    PrimaryKeyConstraint("project_id", "task_id", "on_task_id", name="task_dependencies_pkey"),
    partial("task_dependencies_open_on", "project_id", "on_task_id", where="resolved_at is null"),
)
