"""A handle that is another owner's is refused at once: two owners who wished for each other's waited in a circle."""

from __future__ import annotations

from signalbox.db.migrating import replace_functions, run_whole

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

REPLACED = ("change_handle_v1",)


def upgrade() -> None:
    replace_functions(REPLACED)


def downgrade() -> None:
    """As the release before had it."""
    run_whole("0019_down_change_handle")
