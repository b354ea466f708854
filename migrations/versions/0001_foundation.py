"""The foundation: owners, projects, the ledger and the coordination tables."""

from __future__ import annotations

from alembic import op

from signalbox.db.migrating import (
    apply_functions,
    bind_to_tenant,
    create_app_role,
    drop_functions,
    drop_leftover_functions,
    grant_app_role,
    run_script,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TENANT_TABLES = (
    "ledgers",
    "events",
    "lane_members",
    "presence",
    "posts",
    "deliveries",
    "sequences",
    "claims",
    "leases",
    "tasks",
    "task_blockers",
    "cursors",
    "idempotency_keys",
)

FUNCTIONS = (
    "types",
    "refuse_v1",
    "unread_posts_v1",
    "authenticate_v1",
    "lock_head_v1",
    "finish_act_v1",
    "begin_act_v1",
    "append_event_v1",
    "require_lead_v1",
    "resolve_actor_v1",
    "start_sequence_v1",
    "claim_v1",
    "seed_sequence_v1",
    "join_lane_v1",
    "register_v1",
    "touch_v1",
    "post_v1",
    "ack_v1",
    "segments_overlap_v1",
    "globs_meet_v1",
    "surfaces_overlap_v1",
    "overlapping_leases_v1",
    "lease_v1",
    "release_v1",
    "find_task_v1",
    "require_task_v1",
    "move_task_v1",
    "task_create_v1",
    "task_assign_v1",
    "task_start_v1",
    "task_block_v1",
    "unblock_v1",
    "task_resolve_v1",
    "task_ship_v1",
    "whats_new_v1",
    "grant_v1",
    "create_project_v1",
    "admin_provision_v1",
    "managed_member_v1",
    "admin_rotate_v1",
    "admin_revoke_v1",
    "token_member_v1",
    "revoke_token_v1",
    "rotate_token_v1",
    "create_invite_v1",
    "redeem_invite_v1",
)


def upgrade() -> None:
    create_app_role()
    run_script("0001_control")
    run_script("0001_coordination")
    for table in TENANT_TABLES:
        bind_to_tenant(table)
    apply_functions(FUNCTIONS)
    grant_app_role()


def downgrade() -> None:
    drop_functions(FUNCTIONS[1:])
    drop_leftover_functions()
    drop_functions(FUNCTIONS[:1])
    op.execute("drop view members")
    for table in reversed(TENANT_TABLES):
        op.execute(f"drop table {table}")
    for table in ("invites", "tokens", "participations", "participants", "projects", "owners"):
        op.execute(f"drop table {table}")
