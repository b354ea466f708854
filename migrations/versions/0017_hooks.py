"""What hooks of editors and git leave in the ledger."""

from __future__ import annotations

from signalbox.db.migrating import apply_functions, drop_functions

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

FUNCTIONS = ("note_override_v1",)


def upgrade() -> None:
    apply_functions(FUNCTIONS)


def downgrade() -> None:
    drop_functions(FUNCTIONS)
