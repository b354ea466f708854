"""The schema as SQLAlchemy sees it. For Alembic and the tests; the server never imports it.

A test compares it with a migrated database, catalog by catalog.
"""

from __future__ import annotations

from signalbox.db.schema import control, coordination, sign_in
from signalbox.db.schema.columns import metadata

__all__ = ["control", "coordination", "metadata", "sign_in"]
