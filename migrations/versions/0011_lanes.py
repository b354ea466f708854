"""Lanes with members and access: what is said in a closed one is seen by its insiders alone."""

from __future__ import annotations

from signalbox.db.migrating import (
    apply_functions,
    bind_to_lanes,
    bind_to_tenant,
    drop_functions,
    grant_to_app,
    replace_functions,
    run_script,
    run_whole,
)

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = ("lanes", "lane_invitations")
HOLD_CLOSED = ("posts", "deliveries", "events", "tasks", "lane_members", *TABLES)
REPLACED = (
    "lock_head_v1",
    "begin_act_v1",
    "append_event_v1",
    "purge_deleted_v1",
)
FUNCTIONS = (
    "sees_lane_v1",
    "closed_lane_v1",
    "authenticate_v3",
    "visit_v2",
)


def upgrade() -> None:
    run_script("0011_lanes")
    for table in TABLES:
        bind_to_tenant(table)
        grant_to_app("select, insert, update, delete", table)
    for table in HOLD_CLOSED:
        bind_to_lanes(table)
    apply_functions(FUNCTIONS)
    replace_functions(REPLACED)


def downgrade() -> None:
    """Refused while there are closed lanes: the version before knows of none."""
    drop_functions(FUNCTIONS)
    for function in REPLACED:
        run_whole(f"0011_down_{function.removesuffix('_v1')}")
    run_script("0011_lanes_down")
