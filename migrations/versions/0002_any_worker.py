"""Any worker, any request: sessions that every worker can check, acts that travel together, reads that do not grow."""

from __future__ import annotations

from signalbox.db.migrating import (
    apply_functions,
    bind_to_tenant,
    drop_functions,
    grant_to_app,
    replace_functions,
    run_script,
)

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

REPLACED = (
    "ack_v1",
    "append_event_v1",
    "begin_act_v1",
    "join_lane_v1",
    "overlapping_leases_v1",
    "post_v1",
    "resolve_actor_v1",
    "whats_new_v1",
)
FUNCTIONS = (
    "bigints_v1",
    "session_holds_v1",
    "end_session_v1",
    "still_hold_v1",
    "authenticate_v2",
    "perform_v1",
    "perform_acts_v1",
    "seq_after_v1",
    "seq_before_v1",
)


def upgrade() -> None:
    run_script("0002_sessions")
    bind_to_tenant("ended_sessions")
    grant_to_app("select", "server_keys")
    grant_to_app("select, insert, delete", "ended_sessions")
    run_script("0002_events")
    run_script("0002_reads")
    replace_functions(REPLACED)
    apply_functions(FUNCTIONS)


def downgrade() -> None:
    """Columns that were generated stay plain, and deliveries keep their lane: the functions fill them."""
    drop_functions(FUNCTIONS)
    run_script("0002_reads_down")
    run_script("0002_sessions_down")
