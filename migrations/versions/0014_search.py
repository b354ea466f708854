"""Full text of posts, tasks and events."""

from __future__ import annotations

from signalbox.db.migrating import (
    apply_functions,
    bind_to_lanes,
    bind_to_tenant,
    drop_functions,
    grant_to_app,
    hide_from_app,
    only_for_app,
    replace_functions,
    run_script,
)

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

FUNCTIONS = (
    "search_plain_v1",
    "search_query_v1",
    "search_keys_v1",
    "search_title_v1",
    "search_words_v1",
    "search_body_v1",
    "search_vector_v1",
    "search_hits_v1",
    "search_headline_v1",
    "search_v1",
    "index_search_v1",
    "index_behind_v1",
)


def upgrade() -> None:
    run_script("0014_search")
    hide_from_app("search_entries")
    bind_to_lanes("search_entries")
    bind_to_tenant("search_progress")
    grant_to_app("select", "search_progress")
    apply_functions(FUNCTIONS)
    replace_functions(("purge_deleted_v1",))
    only_for_app("search_hits_v1(bigint, tsquery, text[], bigint, bigint, integer, integer, double precision)")
    only_for_app("index_search_v1(bigint[], integer)")
    only_for_app("index_behind_v1(bigint, integer, integer)")


def downgrade() -> None:
    """What was purged stays so: purge_deleted_v1 empties what there is."""
    drop_functions(FUNCTIONS)
    run_script("0014_search_down")
