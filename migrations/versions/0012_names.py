"""Presence, names and their aliases, sessions of one token, groups of tools."""

from __future__ import annotations

from signalbox.db.migrating import apply_functions, drop_functions, replace_functions, run_script, run_whole

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

REPLACED = ("admin_rotate_v1", "rotate_token_v1")
FUNCTIONS = ("reach_gives_way_v1", "reach_now_v1", "touch_v2", "with_tools_v1")


def upgrade() -> None:
    run_script("0012_names")
    apply_functions(FUNCTIONS)
    replace_functions(REPLACED)


def downgrade() -> None:
    """Functions that were replaced become what they were: they would miss what goes."""
    for function in REPLACED:
        run_whole(f"0012_down_{function.removesuffix('_v1')}")
    drop_functions(FUNCTIONS)
    run_script("0012_names_down")
