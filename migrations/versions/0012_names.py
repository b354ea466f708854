"""Presence, names and their aliases, sessions of one token, groups of tools."""

from __future__ import annotations

from signalbox.db.migrating import (
    apply_functions,
    drop_functions,
    grant_to_app,
    replace_functions,
    run_script,
    run_whole,
)

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

REPLACED = (
    "admin_rotate_v1",
    "rotate_token_v1",
    "resolve_actor_v1",
    "managed_member_v1",
    "rename_owner_in_v1",
    "take_invite_v1",
    "whats_new_v1",
)
FUNCTIONS = (
    "reach_gives_way_v1",
    "reach_now_v1",
    "touch_v2",
    "with_tools_v1",
    "is_ghost_v1",
    "named_member_v1",
    "free_labels_v1",
    "keep_label_v1",
    "carry_name_v1",
    "rename_v1",
    "open_cursor_v1",
    "register_v2",
    "whats_new_v2",
)


def upgrade() -> None:
    run_script("0012_names")
    grant_to_app("select, insert, update", "labels")
    apply_functions(FUNCTIONS)
    replace_functions(REPLACED)
    run_script("0012_present")
    grant_to_app("select", "present")


def downgrade() -> None:
    """Functions that were replaced become what they were: they would miss what goes."""
    for function in REPLACED:
        run_whole(f"0012_down_{function.removesuffix('_v1')}")
    run_script("0012_present_down")
    drop_functions(FUNCTIONS)
    run_script("0012_names_down")
