"""Turns: how the requests of many projects share one event loop, and the database behind it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from signalbox.errors import TooMany

WAITING_MAX: Final = 10_000  # of one project
TURN_SECONDS: Final = 0.002  # between two of a flooded project's requests, while others call
SHARED_SECONDS: Final = 0.025  # for so long after a request of another project, others count as calling


class Turns:
    """Lets one request of each project begin per turn of the event loop, first come, first served.

    A flood brings dozens of requests in one turn. Begun all at once they would keep everybody else's from the loop;
    so a quiet project's request is begun next, whoever floods. While more than one project calls, one that has
    requests waiting begins the next only after a pause, in which loop and database are free for the others.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[int | None, deque[asyncio.Future[None]]] = {}
        """By project, for those that have had this turn; None are callers whose project is not known yet."""
        self._flooded: set[int | None] = set()
        self._latest: int | None = None
        self._shared_until = 0.0

    async def mine(self, project_id: int | None) -> None:
        """Wait for the project's turn, which is at once when none of its requests waits or has begun in this one.

        Raises:
            TooMany: as many requests of the project as may wait are waiting already.
        """
        loop = self._loop = self._loop or asyncio.get_running_loop()  # asking for it is a system call in Python 3.11
        if project_id != self._latest:
            self._latest = project_id
            self._shared_until = loop.time() + SHARED_SECONDS
        waiting = self._waiting.get(project_id)
        if waiting is None:
            self._waiting[project_id] = deque()
            loop.call_soon(self._next, loop, project_id)
            return
        if len(waiting) >= WAITING_MAX:
            raise TooMany("too many requests of this project are waiting: repeat in a second", retry_after_seconds=1)
        turn = loop.create_future()
        waiting.append(turn)
        self._flooded.add(project_id)
        await turn

    def _next(self, loop: asyncio.AbstractEventLoop, project_id: int | None) -> None:
        """Let the next request of a project begin, or forget the project when none waits."""
        waiting = self._waiting[project_id]
        begun = _begin(waiting)
        if not waiting:
            self._flooded.discard(project_id)
        if not begun:
            del self._waiting[project_id]
        elif loop.time() < self._shared_until:
            loop.call_later(TURN_SECONDS / max(1, len(self._flooded)), self._next, loop, project_id)
        else:
            loop.call_soon(self._next, loop, project_id)


def _begin(waiting: deque[asyncio.Future[None]]) -> bool:
    """Let the first one begin whose caller is still there; answers whether there was one."""
    while waiting:
        turn = waiting.popleft()
        if not turn.done():
            turn.set_result(None)
            return True
    return False
