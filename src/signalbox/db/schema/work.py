"""What is worked on: numbers, surfaces and tasks, and what waits for them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
)

from signalbox.db.schema.columns import TIME, column, metadata, one_of, optional, partial

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
    optional("outcome", Text),
    optional("settled_ref", Text),
    optional("settled_by", Text),
    optional("settled_at", TIME),
    PrimaryKeyConstraint("project_id", "sequence", "number", name="claims_pkey"),
    CheckConstraint(one_of("outcome", "committed", "void"), name="claims_outcome_known"),
    partial("claims_unsettled", "project_id", "sequence", "seq", where="outcome is null"),
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
    column("mode", Text, "'exclusive'"),
    optional("ttl_seconds", Integer),
    PrimaryKeyConstraint("project_id", "lease_id", name="leases_pkey"),
    CheckConstraint(one_of("mode", "exclusive", "shared"), name="leases_mode_known"),
    Index("leases_by_holder", "project_id", "participation_id", "lease_id"),
    Index("leases_by_surface", "project_id", "surface", "lease_id"),
    partial("leases_open_by_surface", "project_id", "is_glob", "surface", where="released_at is null"),
    partial("leases_open_by_holder", "project_id", "participation_id", where="released_at is null"),
    partial("leases_open_by_expiry", "project_id", "expires_at", where="released_at is null"),
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
    optional("closed_lane", Text),
    column("priority", SmallInteger, "2"),
    optional("ref", Text),
    column("unmet", Integer, "0"),
    PrimaryKeyConstraint("project_id", "task_id", name="tasks_pkey"),
    CheckConstraint(
        one_of("status", "open", "assigned", "in_progress", "blocked", "done", "cancelled"), name="tasks_status_known"
    ),
    CheckConstraint("status = 'cancelled' or (status = 'open') = (owner_id is null)", name="tasks_owned"),
    CheckConstraint("priority between 1 and 3", name="tasks_priority_known"),
    partial(
        "tasks_open", "project_id", "unmet", "priority", "task_id", where="status = 'open' and closed_lane is null"
    ),
    partial(
        "tasks_open_by_lane",
        "project_id",
        "lane",
        "unmet",
        "priority",
        "task_id",
        where="status = 'open' and lane is not null",
    ),
    partial(
        "tasks_assigned_by_owner",
        "project_id",
        "owner_id",
        "unmet",
        "priority",
        "task_id",
        where="status = 'assigned'",
    ),
    Index("tasks_by_status", "project_id", "status", "task_id"),
    partial("tasks_by_owner_and_status", "project_id", "owner_id", "status", "task_id", where="owner_id is not null"),
    partial("tasks_by_lane", "project_id", "lane", "task_id", where="lane is not null"),
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
    partial(
        "task_blockers_open_on", "project_id", "on_task_id", where="resolved_at is null and on_task_id is not null"
    ),
)

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
