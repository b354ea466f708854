"""Tending: work of those who have fallen silent is given back, and what the active hold is renewed."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final

from signalbox.db.statements import statements
from signalbox.domain.beats import every

if TYPE_CHECKING:
    from signalbox.config import Settings
    from signalbox.db.pool import Database

sql = statements(__file__)

LOOK_SECONDS: Final = 300.0  # what is looked for has hours: a look costs 0.2 s for a thousand projects
LEASES_LOOK_SECONDS: Final = 60.0  # where leases are renewed
EACH_MAX: Final = 100  # tasks, and leases, of one project under its head lock at once
REPEATS_MAX: Final = 500  # in one look, so that the next one has its turn


async def tend_work(database: Database, settings: Settings) -> int:
    """Tend every project once; answers in how many steps.

    Tasks of agents that were silent for longer than `task_silence_minutes`, and of whoever left, are open again. Leases
    that are about to run out are renewed if their holder called within `lease_renew_seconds`. One process does it at a
    time, and each step is one transaction of one project, with its events.
    """
    given = {
        "silence_seconds": settings.task_silence_minutes * 60,
        "renew_seconds": settings.lease_renew_seconds,
        "each_max": EACH_MAX,
    }
    after = steps = 0
    while steps < REPEATS_MAX:
        (row,) = await database.run(sql.tend_work, sql.tend_work.arguments(given | {"after": after}))
        if row["project_id"] is None:
            break
        steps += 1
        is_done = max(row["given_back"], row["renewed"]) < EACH_MAX
        after = row["project_id"] if is_done else row["project_id"] - 1
    return steps


def tending(database: Database, settings: Settings) -> AbstractAsyncContextManager[None]:
    """Tend all projects every few minutes meanwhile; several processes get in nobody's way."""
    seconds = LEASES_LOOK_SECONDS if settings.lease_renew_seconds else LOOK_SECONDS
    return every(seconds, lambda: tend_work(database, settings), "work that is idle was not seen to")
