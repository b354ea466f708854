"""The schema as SQLAlchemy sees it. For Alembic and the tests; the server never imports it.

A test compares it with a migrated database, catalog by catalog.
"""

from __future__ import annotations

from types import ModuleType
from typing import Final

from signalbox.db.schema import control, coordination, posts, sign_in
from signalbox.db.schema.columns import metadata

__all__ = ["CONTROL", "COORDINATION", "metadata"]


def _tables_of(*modules: ModuleType) -> frozenset[str]:
    found = [value for module in modules for value in vars(module).values()]
    return frozenset(table.name for table in found if getattr(table, "metadata", None) is metadata)


CONTROL: Final = _tables_of(control, sign_in)
"""Tables that are looked up by hash, handle or time, and carry no tenant policy."""

COORDINATION: Final = _tables_of(coordination, posts)
"""Tables of a project, which row security binds to it."""
