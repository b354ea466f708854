"""Presence, names and their aliases, sessions of one token, groups of tools."""

from __future__ import annotations

from signalbox.db.migrating import apply_functions, drop_functions, run_script

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

FUNCTIONS = ("reach_gives_way_v1", "reach_now_v1", "touch_v2")


def upgrade() -> None:
    run_script("0012_names")
    apply_functions(FUNCTIONS)


def downgrade() -> None:
    drop_functions(FUNCTIONS)
    run_script("0012_names_down")
