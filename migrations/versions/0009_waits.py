"""Waiting: acts outside the queue of writes wake those who wait."""

from __future__ import annotations

from signalbox.db.migrating import apply_functions, drop_functions, replace_functions, run_whole

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NEW = (
    "tell_moved_v1",
    "moves_v1",
    "is_wanted_post_v1",
    "awaited_posts_v1",
    "late_posts_v1",
    "acked_after_v1",
    "wait_look_v1",
)
REPLACED = ("take_invite_v1", "rename_owner_in_v1")


def upgrade() -> None:
    apply_functions(NEW)
    replace_functions(REPLACED)


def downgrade() -> None:
    for function in REPLACED:
        run_whole(f"0009_down_{function.removesuffix('_v1')}")
    drop_functions(NEW)
