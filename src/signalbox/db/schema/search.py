"""What search reads: only the functions for it may."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, PrimaryKeyConstraint, Table, Text
from sqlalchemy.dialects.postgresql import TSVECTOR

from signalbox.db.schema.columns import column, metadata, optional

search_entries = Table(
    "search_entries",
    metadata,
    column("project_id", BigInteger),
    column("seq", BigInteger),
    optional("closed_lane", Text),
    column("vector", TSVECTOR),
    PrimaryKeyConstraint("project_id", "seq", name="search_entries_pkey"),
    Index(
        "search_entries_by_word",
        "vector",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "2048"},
    ),
)

search_progress = Table(
    "search_progress",
    metadata,
    column("project_id", BigInteger),
    column("seq", BigInteger),
    PrimaryKeyConstraint("project_id", name="search_progress_pkey"),
)
