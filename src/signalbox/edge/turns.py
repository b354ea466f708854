"""Turns: how the requests of many projects share one event loop, and the database behind it."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from signalbox.errors import TooMany

WAITING_MAX: Final = 10_000  # of one project
TOGETHER_MAX: Final = 16  # requests that begin in one turn of the event loop, while no quiet project calls
TURN_SECONDS: Final = 0.002  # between two of a flooded project's requests, while a quiet one calls
SHARED_SECONDS: Final = 0.025  # for so long after its request, a quiet project counts as calling
FLOOD: Final = 4  # requests of one project that wait at once are one
FLOOD_SECONDS: Final = 0.25  # for so long after, the project is not a quiet one


@dataclass(slots=True)
class _Line:
    """A project that has had this turn of the event loop."""

    begun: int = 1
    """How many of its requests have begun in this turn."""
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


class Turns:
    """Lets requests begin in turns of the event loop, first come, first served.

    A flood brings dozens of requests in one turn. Begun all at once they would keep everybody else's from the loop.
    So while a quiet project calls beside others, one request of each begins per turn, and one that has requests waiting
    begins the next only after a pause, in which loop and database are free for the others. Projects that flood, or one
    that calls alone, begin `TOGETHER_MAX` a turn between them: few enough that whoever comes next hardly waits.
    """

    def __init__(self, shared_seconds: float = SHARED_SECONDS) -> None:
        self._shared_seconds = shared_seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lines: dict[int | None, _Line] = {}
        """By project; None are callers whose project is not known yet."""
        self._crowded: set[int | None] = set()
        """Those who have requests waiting."""
        self._flooding_until: dict[int | None, float] = {}
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
            now = loop.time()
            if now >= self._flooding_until.get(project_id, 0.0):
                self._shared_until = now + self._shared_seconds
        line = self._lines.get(project_id)
        if line is None:
            self._lines[project_id] = _Line()
            loop.call_soon(self._next, loop, project_id)
            return
        if not line.waiting and line.begun < (1 if self._is_shared(loop) else self._share):
            line.begun += 1
            return
        if len(line.waiting) >= WAITING_MAX:
            raise TooMany("too many requests of this project are waiting: repeat in a second", retry_after_seconds=1)
        turn = loop.create_future()
        line.waiting.append(turn)
        self._crowded.add(project_id)
        if len(line.waiting) >= FLOOD:
            self._note_flood(project_id, loop.time())
        await turn

    def _note_flood(self, project_id: int | None, now: float) -> None:
        if project_id not in self._flooding_until:
            self._flooding_until = {flooding: until for flooding, until in self._flooding_until.items() if until > now}
        self._flooding_until[project_id] = now + FLOOD_SECONDS

    def _is_shared(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether a quiet project calls beside others."""
        return loop.time() < self._shared_until

    @property
    def _share(self) -> int:
        """How many requests each project begins in a turn while no quiet one calls."""
        return max(1, TOGETHER_MAX // max(1, len(self._crowded)))

    def _next(self, loop: asyncio.AbstractEventLoop, project_id: int | None) -> None:
        """Let the next requests of a project begin, or forget the project when none waits."""
        line = self._lines[project_id]
        is_shared = self._is_shared(loop)
        together_max = 1 if is_shared else self._share
        line.begun = 0
        while line.begun < together_max and _begin(line.waiting):
            line.begun += 1
        if not line.waiting:
            self._crowded.discard(project_id)
        if not line.begun:
            del self._lines[project_id]
        elif is_shared:
            loop.call_later(TURN_SECONDS / max(1, len(self._crowded)), self._next, loop, project_id)
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
