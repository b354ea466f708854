"""What owners manage: participants, tokens, invites, and leases of others."""

from __future__ import annotations

from alembic import op

from signalbox.db.migrating import apply_functions, drop_functions, replace_functions, run_script

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SHARED = (
    "give_lane_v1",
    "give_token_v1",
    "bring_in_v1",
    "may_manage_v1",
    "may_speak_for_v1",
    "take_invite_v1",
)
"""What functions of before call now: like their new text, these stay when the database goes back."""

REPLACED = (
    "grant_v1",
    "managed_member_v1",
    "token_member_v1",
    "admin_rotate_v1",
    "rotate_token_v1",
    "redeem_invite_v1",
    "perform_v1",
)
FUNCTIONS = (
    "end_lease_v1",
    "take_out_v1",
    "admin_grant_v1",
    "admin_mint_v1",
    "change_member_v1",
    "admin_remove_v1",
    "leave_project_v1",
    "force_release_v1",
    "revoke_invite_v1",
    "accept_invite_v1",
    "create_participant_v1",
)


def upgrade() -> None:
    run_script("0004_management")
    replace_functions(SHARED + REPLACED)
    apply_functions(FUNCTIONS)


def downgrade() -> None:
    """The column of tokens stays: functions that were replaced fill it."""
    drop_functions(FUNCTIONS)
    op.execute("drop index leases_by_surface")
    op.execute("drop index leases_by_holder")
