"""The janitor: takes away what has had its time, a few rows at a time, while nobody waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from signalbox.db.statements import Statement, statements
from signalbox.errors import Unavailable

if TYPE_CHECKING:
    from signalbox.db.pool import Database

log = logging.getLogger("signalbox")

sql = statements(__file__)

SWEEP_SECONDS: Final = 60.0
ROWS_MAX: Final = 2000  # of one statement: some tens of milliseconds
REPEATS_MAX: Final = 500  # of one statement in one sweep, so that each has its turn

SWEEPS: Final[tuple[Statement, ...]] = (
    sql.purge_deleted,
    sql.purge_sessions,
    sql.purge_links,
    sql.purge_flows,
    sql.purge_sign_ups,
)
"""What is swept. Each takes away `:rows_max` rows at most and answers how many as `rows`; several workers may run it
at once."""


async def purge_deleted(database: Database) -> int:
    """Take away the rows of projects that were deleted, until none is left or it is enough for once."""
    return await sweep(database, sql.purge_deleted)


async def sweep(database: Database, statement: Statement) -> int:
    """Run one statement until it finds nothing more; answers how many rows it took away."""
    total = 0
    for _ in range(REPEATS_MAX):
        (row,) = await database.run(statement, statement.arguments({"rows_max": ROWS_MAX}))
        if not row["rows"]:
            break
        total += row["rows"]
    return total


class Janitor:
    """Sweeps every minute; several workers' janitors get in nobody's way."""

    @asynccontextmanager
    async def sweeping(self, database: Database) -> AsyncIterator[None]:
        """Sweep every minute meanwhile."""
        rounds = asyncio.create_task(self._go_round(database))
        try:
            yield
        finally:
            rounds.cancel()
            await asyncio.gather(rounds, return_exceptions=True)

    async def sweep_all(self, database: Database) -> None:
        """Sweep once, whatever goes wrong: the next round comes."""
        for statement in SWEEPS:
            try:
                await sweep(database, statement)
            except Unavailable:
                log.warning("%s waits for the next minute: the database does not answer", statement.name)
            except Exception:
                log.exception("%s failed; the next minute tries again", statement.name)

    async def _go_round(self, database: Database) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await self.sweep_all(database)
