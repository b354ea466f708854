"""Owners and their projects: handles and their aliases, settings, the end of a project, what the operator sees."""

from __future__ import annotations

from signalbox.db.migrating import (
    apply_functions,
    drop_functions,
    grant_to_app,
    only_for_app,
    replace_functions,
    run_script,
    run_whole,
)

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

REPLACED = (
    "begin_act_v1",
    "create_project_v1",
    "redeem_invite_v1",
    "resolve_actor_v1",
    "task_assign_v1",
)
FUNCTIONS = (
    "free_handles_v1",
    "create_owner_v1",
    "rename_owner_in_v1",
    "change_handle_v1",
    "new_project_v1",
    "require_project_owner_v1",
    "rename_project_v1",
    "set_liveness_v1",
    "archive_project_v1",
    "note_export_v1",
    "delete_project_v1",
    "purge_deleted_v1",
    "suspend_owner_v1",
    "all_projects_v1",
    "server_facts_v1",
    "note_error_v1",
)
DEFINED_BY_US = ("purge_deleted_v1(integer)", "server_facts_v1()")


def upgrade() -> None:
    run_script("0006_owners")
    grant_to_app("select, insert", "handles")
    grant_to_app("select, insert, delete", "server_errors")
    apply_functions(FUNCTIONS)
    replace_functions((*REPLACED, "perform_v1"))
    for function in DEFINED_BY_US:
        only_for_app(function)


def downgrade() -> None:
    """Functions that were replaced stay, but for those that would miss what goes."""
    for function in ("begin_act", "create_project", "resolve_actor", "task_assign"):
        run_whole(f"0006_down_{function}")
    drop_functions(FUNCTIONS)
    run_script("0006_owners_down")
