"""What hooks of editors and git leave in the ledger, and what they have shown."""

from __future__ import annotations

from alembic import op

from signalbox.db.migrating import apply_functions, bind_to_tenant, drop_functions, grant_to_app, run_script

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

FUNCTIONS = ("note_override_v1", "open_inbox_v1", "show_inbox_v1")


def upgrade() -> None:
    run_script("0017_hooks")
    bind_to_tenant("hook_sessions")
    grant_to_app("select, insert, update, delete", "hook_sessions")
    apply_functions(FUNCTIONS)


def downgrade() -> None:
    drop_functions(FUNCTIONS)
    op.drop_table("hook_sessions")
