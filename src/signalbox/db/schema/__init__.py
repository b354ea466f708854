"""The schema as SQLAlchemy sees it. For Alembic and the tests; the server never imports it.

A test compares it with a migrated database, catalog by catalog.
"""

from __future__ import annotations

from types import ModuleType

from sqlalchemy import Table

from signalbox.db.schema import control, coordination, lanes, posts, search, sessions, sign_in, work
from signalbox.db.schema.columns import metadata


def _tables(*modules: ModuleType) -> frozenset[str]:
    made = [value for module in modules for value in vars(module).values()]
    return frozenset(table.name for table in made if isinstance(table, Table))


CONTROL = _tables(control, sign_in)
"""Tables that are looked up before a tenant is known."""

COORDINATION = _tables(coordination, lanes, posts, search, sessions, work)
"""Tables of a project: each is bound to its tenant."""

HIDDEN = frozenset({"search_entries"})
"""Those of them that only functions reach, which look at tenant and lanes themselves."""

__all__ = ["CONTROL", "COORDINATION", "HIDDEN", "metadata"]
