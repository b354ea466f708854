"""Any worker, any request: sessions that every worker can check, and acts that travel together."""

from __future__ import annotations

from signalbox.db.migrating import bind_to_tenant, grant_to_app, run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script("0002_sessions")
    bind_to_tenant("ended_sessions")
    grant_to_app("select", "server_keys")
    grant_to_app("select, insert, delete", "ended_sessions")


def downgrade() -> None:
    run_script("0002_sessions_down")
