"""Waiting: what those who wait look at, what they are told of, and how far sessions have read by sync."""

from __future__ import annotations

from alembic import op

from signalbox.db.migrating import (
    apply_functions,
    bind_to_tenant,
    drop_functions,
    grant_to_app,
    replace_functions,
    run_script,
    run_whole,
)

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NEW = (
    "tell_moved_v1",
    "moves_v1",
    "who_waits_v1",
    "is_wanted_post_v1",
    "awaited_posts_v1",
    "late_posts_v1",
    "acked_after_v1",
    "wait_look_v1",
    "sync_place_v1",
    "move_sync_cursor_v1",
    "sync_posts_v1",
    "sync_v1",
)
REPLACED = ("take_invite_v1", "rename_owner_in_v1")


def upgrade() -> None:
    run_script("0009_waits")
    bind_to_tenant("sync_cursors")
    grant_to_app("select, insert, update, delete", "sync_cursors")
    apply_functions(NEW)
    replace_functions(REPLACED)


def downgrade() -> None:
    for function in REPLACED:
        run_whole(f"0009_down_{function.removesuffix('_v1')}")
    drop_functions(NEW)
    op.drop_table("sync_cursors")
