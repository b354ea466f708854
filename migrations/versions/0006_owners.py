"""Owners and their projects: handles and their aliases, settings, the end of a project, what the operator sees."""

from __future__ import annotations

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
