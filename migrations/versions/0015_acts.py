"""Functions that several of the changes before this one touch: replaced once all of them are there."""

from __future__ import annotations

from signalbox.db.migrating import replace_functions, run_whole

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

REPLACED = ("perform_v1",)


def upgrade() -> None:
    replace_functions(REPLACED)


def downgrade() -> None:
    """Each as the release before had it."""
    for function in REPLACED:
        run_whole(f"0015_down_{function.removesuffix('_v1')}")
