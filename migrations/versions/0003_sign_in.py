"""Sign-in: sessions, links and identities of owners."""

from __future__ import annotations

from signalbox.db.migrating import apply_functions, drop_functions, grant_to_app, run_script

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("admin_sessions", "sign_in_links", "owner_identities", "sign_in_flows", "sign_ups")
FUNCTIONS = ("visit_v1", "watched_heads_v1", "use_sign_in_link_v1", "know_identity_v1", "sign_up_v1")


def upgrade() -> None:
    run_script("0003_sign_in")
    for table in TABLES:
        grant_to_app("select, insert, update, delete", table)
    apply_functions(FUNCTIONS)


def downgrade() -> None:
    drop_functions(FUNCTIONS)
    run_script("0003_sign_in_down")
