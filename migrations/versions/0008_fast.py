"""Acts that travel together cost less: one head lock, one proof and one count for all of them."""

from __future__ import annotations

from signalbox.db.migrating import apply_functions, drop_functions, replace_functions, run_whole

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

REPLACED = ("perform_acts_v1", "finish_act_v1", "unread_posts_v1")
FUNCTIONS = ("unread_of_v1", "perform_together_v1")


def upgrade() -> None:
    apply_functions(FUNCTIONS)
    replace_functions(REPLACED)


def downgrade() -> None:
    """Each act on its own again."""
    for function in REPLACED:
        run_whole(f"0008_down_{function.removesuffix('_v1')}")
    drop_functions(FUNCTIONS)
