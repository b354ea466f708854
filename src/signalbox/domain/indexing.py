"""Indexing: keeps search a moment behind the ledger, beside the acts and not inside them.

An act costs nothing for it. What a process that was killed had not indexed is found in the tables, which know up to
where they are; and what is not indexed yet is searched all the same, as it stands.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from signalbox.db.statements import statements
from signalbox.domain.beats import every

if TYPE_CHECKING:
    from signalbox.db.pool import Database

sql = statements(__file__)

INDEX_SECONDS: Final = 0.5
CATCH_UP_SECONDS: Final = 60.0
INDEXED_MAX: Final = 1000  # events of one project in one transaction: a tenth of a second
TOGETHER_MAX: Final = 50  # projects in one transaction
LOOKED_AT_MAX: Final = 1000  # projects that are looked through for one that is behind, in one transaction


async def index_moved(database: Database) -> int:
    """Index what the acts of this process have left to index, where it is worth it by now; answers how many events."""
    total = 0
    while projects := database.moves.take(TOGETHER_MAX):
        indexed = INDEXED_MAX
        while indexed >= INDEXED_MAX:  # of one of them there may be more
            (row,) = await database.run(
                sql.index_search,
                sql.index_search.arguments({"project_ids": projects, "events_max": INDEXED_MAX}),
            )
            indexed = int(row["indexed"])
            total += indexed
    return total


async def catch_up(database: Database) -> int:
    """Index whatever is behind in all projects; answers how many events. One process does it at a time."""
    total = after = 0
    while True:
        arguments = {"after": after, "projects_max": LOOKED_AT_MAX, "events_max": INDEXED_MAX}
        (row,) = await database.run(sql.index_behind, sql.index_behind.arguments(arguments))
        total += int(row["indexed"])
        if row["reached"] is None:
            return total
        after = row["reached"]


@asynccontextmanager
async def keeping_up(database: Database) -> AsyncIterator[None]:
    """Keep search up to date meanwhile; several processes get in nobody's way."""
    failed = "search was not brought up to date"
    async with (
        every(INDEX_SECONDS, lambda: index_moved(database), failed),
        every(CATCH_UP_SECONDS, lambda: catch_up(database), failed),
    ):
        yield
