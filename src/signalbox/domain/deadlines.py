"""Deadlines: posts that were to be acked by now, or that nobody waits for any more."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final

from signalbox.db.statements import statements
from signalbox.domain.beats import every

if TYPE_CHECKING:
    from signalbox.db.pool import Database

sql = statements(__file__)

LOOK_SECONDS: Final = 3.0
POSTS_MAX: Final = 20  # of one project, under its head lock at once
REPEATS_MAX: Final = 500  # in one look, so that the next one has its turn


async def keep_deadlines(database: Database) -> int:
    """See to every deadline that has passed, until none is left or it is enough for once; answers how many posts.

    One process does it at a time, and each post is seen to in one transaction: with its event, or not at all.
    """
    total = 0
    for _ in range(REPEATS_MAX):
        (row,) = await database.run(sql.keep_deadlines, sql.keep_deadlines.arguments({"posts_max": POSTS_MAX}))
        if row["project_id"] is None:
            break
        total += row["posts"]
        database.wakeups.moved(row["project_id"])
    return total


def keeping(database: Database) -> AbstractAsyncContextManager[None]:
    """See to deadlines every few seconds meanwhile; several processes get in nobody's way."""
    return every(LOOK_SECONDS, lambda: keep_deadlines(database), "deadlines of posts were not seen to")
