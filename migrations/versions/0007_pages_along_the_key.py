"""The digest's page is read along the key, also in a database that has no statistics yet."""

from __future__ import annotations

from signalbox.db.migrating import replace_functions

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    replace_functions(("whats_new_v1",))


def downgrade() -> None:
    """The function stays: it is planned otherwise, and answers the same."""
