"""The index of threads has only replies in it: a thread's first post is found by key."""

from __future__ import annotations

from signalbox.db.migrating import run_script

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script("0018_replies")


def downgrade() -> None:
    run_script("0018_replies_down")
