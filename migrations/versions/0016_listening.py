"""Listening: what sessions of the handshake era have asked to hear of, whichever worker their stream is in."""

from __future__ import annotations

from signalbox.db.migrating import apply_functions, bind_to_tenant, drop_functions, grant_to_app, run_script

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

FUNCTIONS = (
    "keep_session_v1",
    "subscribe_v1",
    "unsubscribe_v1",
    "begin_check_v1",
    "channel_ok_v1",
    "still_hold_v2",
)


def upgrade() -> None:
    run_script("0016_listening")
    bind_to_tenant("listening_sessions")
    grant_to_app("select, insert, update, delete", "listening_sessions")
    apply_functions(FUNCTIONS)


def downgrade() -> None:
    drop_functions(FUNCTIONS)
    run_script("0016_listening_down")
