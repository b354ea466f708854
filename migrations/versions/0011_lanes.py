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
KEPT = ("lock_head_v1", "purge_deleted_v1", "whats_new_v1")
REPLACED = (
    "begin_act_v1",
    "append_event_v1",
    "register_v1",
    "join_lane_v1",
    "bring_in_v1",
    "change_member_v1",
    "create_invite_v1",
    "take_out_v1",
    "post_v2",
    "task_create_v1",
)
FUNCTIONS = (
    "sees_lane_v1",
    "see_lanes_v1",
    "closed_lane_v1",
    "closed_post_v1",
    "may_wait_on_v1",
    "actor_v1",
    "know_lanes_v1",
    "admit_v1",
    "let_into_lane_v1",
    "quit_lane_v1",
    "enter_lane_v1",
    "leave_lane_v1",
    "may_shape_lane_v1",
    "make_lane_v1",
    "shut_lane_v1",
    "invite_to_lane_v1",
    "remove_from_lane_v1",
    "configure_lane_v1",
    "list_lanes_v1",
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
    replace_functions((*KEPT, *REPLACED))


def downgrade() -> None:
    """Refused while there are closed lanes, of which the version before knows nothing."""
    drop_functions(FUNCTIONS)
    for function in REPLACED:
        run_whole(f"0011_down_{function.removesuffix('_v1')}")
    run_script("0011_lanes_down")
