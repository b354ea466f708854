"""Handoffs: several recipients, receipts, deadlines."""

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

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


FUNCTIONS = (
    "resolve_actors_v1",
    "deliver_widely_v1",
    "answer_question_v1",
    "set_deadlines_v1",
    "post_v3",
    "mark_deliveries_v1",
    "silent_actors_v1",
    "unanswered_v1",
    "reroute_post_v1",
    "overdue_post_v1",
    "expire_post_v1",
    "keep_deadlines_v1",
)
TENANT_TABLES = ("post_lanes", "deadlines")
REPLACED = ("join_lane_v1", "ack_v1")


def upgrade() -> None:
    run_script("0010_handoffs")
    for table in TENANT_TABLES:
        bind_to_tenant(table)
        grant_to_app("select, insert, delete", table)
    grant_to_app("select, insert, update, delete", "agendas")
    apply_functions(FUNCTIONS)
    replace_functions(REPLACED)


def downgrade() -> None:
    for function in REPLACED:
        run_whole(f"0010_down_{function.removesuffix('_v1')}")
    drop_functions(FUNCTIONS)
    run_script("0010_handoffs_down")
