"""Threads: posts that answer posts."""

from __future__ import annotations

from signalbox.db.migrating import replace_functions, run_script

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script("0005_threads")
    replace_functions(("post_v2", "post_v1", "perform_v1"))


def downgrade() -> None:
    """The columns stay, and post_v2, through which post_v1 fills them."""
    run_script("0005_threads_down")
