"""Work: tasks that wait and are taken in turn, leases that are shared and waited for, claims that are settled."""

from __future__ import annotations

from signalbox.db.migrating import (
    apply_functions,
    bind_to_tenant,
    drop_functions,
    grant_to_app,
    replace_functions,
    run_script,
    run_whole,
)

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = ("lease_waiters", "task_dependencies")
REPLACED = (
    "move_task_v1",
    "unblock_v1",
    "task_assign_v1",
    "task_start_v1",
    "task_block_v1",
    "task_ship_v1",
)
FUNCTIONS = (
    "lease_conflicts_v1",
    "waiters_ahead_v1",
    "unresolved_v1",
    "waits_of_v1",
    "circle_steps_v1",
    "refuse_steps_v1",
    "refuse_circle_v1",
    "queue_for_lease_v1",
    "grant_lease_v1",
    "lease_v2",
    "lease_turns_v1",
    "release_v2",
    "created_task_v1",
    "require_insider_v1",
    "count_unmet_v1",
    "depend_task_v1",
    "task_create_v2",
    "end_task_v1",
    "give_back_task_v1",
    "task_dependencies_v1",
    "taken_task_v1",
    "own_lanes_v1",
    "open_tasks_v1",
    "ready_task_v1",
    "held_up_v1",
    "task_next_v1",
    "task_release_v1",
    "task_cancel_v1",
    "task_note_v1",
    "settle_claim_v1",
    "idle_tasks_v1",
    "give_back_idle_v1",
    "active_leases_v1",
    "renew_active_v1",
    "tend_work_v1",
)


def upgrade() -> None:
    run_script("0013_work")
    for table in TABLES:
        bind_to_tenant(table)
        grant_to_app("select, insert, update, delete", table)
    grant_to_app("select", "listed_tasks")
    grant_to_app("update (outcome, settled_ref, settled_by, settled_at)", "claims")
    apply_functions(FUNCTIONS)
    replace_functions(REPLACED)


def downgrade() -> None:
    """Functions that keep name and signature have the text of the release before; what was cancelled is done."""
    for function in REPLACED:
        run_whole(f"0013_down_{function.removesuffix('_v1')}")
    drop_functions(FUNCTIONS)
    run_script("0013_work_down")
