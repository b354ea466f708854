"""Any worker, any request: sessions that every worker can check, and acts that travel together."""

from __future__ import annotations

from alembic import op

from signalbox.db.migrating import apply_functions, bind_to_tenant, grant_to_app, replace_functions, run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FUNCTIONS = ("seq_after_v1", "seq_before_v1")


def upgrade() -> None:
    run_script("0002_sessions")
    bind_to_tenant("ended_sessions")
    grant_to_app("select", "server_keys")
    grant_to_app("select, insert, delete", "ended_sessions")
    run_script("0002_reads")
    apply_functions(FUNCTIONS)
    replace_functions(("ack_v1", "lock_head_v1"))


def downgrade() -> None:
    for name in FUNCTIONS:
        op.execute(f"drop function {name}")
    run_script("0002_reads_down")
    run_script("0002_sessions_down")
