"""Pages that stay current: a stream that says when a project's ledger has moved, and no more; the page looks again.

A stream holds no connection. It is woken when its project moves, and then looks how far the ledger is, with its session
proved. One statement a second does the same for all open pages of a worker: who has signed out, or does not own the
project any more, is cut, and a page that a wake-up has missed hears of it then.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from signalbox.db.pool import Database
from signalbox.db.visits import STATEMENTS
from signalbox.edge.stream import looked_after, sending_events
from signalbox.errors import TooMany, Unavailable

OPEN_MAX: Final = 1024  # pages of one worker
REST_SECONDS: Final = 1.0  # after a page was told; what moves meanwhile is told together
OPEN_PER_OWNER_MAX: Final = 48  # in all of their browsers: sessions are as many as one signs in for


class Watch:
    """One open page: the head it knows, and whether there is more or it is over."""

    def __init__(self, session_hash: bytes, project_id: int, head: int) -> None:
        self.session_hash = session_hash
        self.project_id = project_id
        self._told = self._head = head
        self._over = asyncio.Event()
        self._woken = asyncio.Event()
        self.hint()  # it may have moved since the page was shown

    @property
    def is_over(self) -> bool:
        """Whether the page may not be shown any more."""
        return self._over.is_set()

    def hint(self) -> None:
        """Take a wake-up: the project may have moved."""
        self._is_hinted = True
        self._woken.set()

    def looked(self, head: int | None) -> None:
        """Take what a look has found: the head now, or None when the page may not be shown any more."""
        if head is None:
            self._over.set()
        self._head = head or self._head
        if head is None or self._head > self._told:
            self._woken.set()

    async def woken(self, seconds: float) -> bool:
        """Wait to be woken, for so long at most; says whether the ledger is to be looked at."""
        with anyio.move_on_after(seconds):
            await self._woken.wait()
        self._woken.clear()
        is_hinted, self._is_hinted = self._is_hinted, False
        return is_hinted

    def moved(self) -> int | None:
        """Answer the ledger's head if it was not told yet, which it counts as from now on."""
        if self._head <= self._told:
            return None
        self._told = self._head
        return self._head

    async def rest(self) -> None:
        """Let a page that was just told be for a while, unless it is over."""
        with anyio.move_on_after(REST_SECONDS):
            await self._over.wait()


class Watches:
    """The open pages of a worker."""

    def __init__(self, database: Database, idle_seconds: int) -> None:
        self._database = database
        self._idle_seconds = idle_seconds
        self._open: dict[Watch, None] = {}
        self._held: Counter[int] = Counter()

    @contextmanager
    def opened(self, owner_id: int, session_hash: bytes, project_id: int, head: int) -> Iterator[Watch]:
        """Keep a page looked after for as long as the block lasts.

        Raises:
            TooMany: this owner, or this worker, has as many as there may be.
        """
        if len(self._open) >= OPEN_MAX or self._held[owner_id] >= OPEN_PER_OWNER_MAX:
            raise TooMany("too many pages are open: close one", retry_after_seconds=60)
        watch = Watch(session_hash, project_id, head)
        self._open[watch] = None
        self._held[owner_id] += 1
        try:
            with self._database.wakeups.calling(project_id, watch.hint):
                yield watch
        finally:
            del self._open[watch]
            self._held[owner_id] -= 1
            if not self._held[owner_id]:
                del self._held[owner_id]

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Look every second meanwhile; at the end, end them all."""
        try:
            async with looked_after(self.look, "open pages"):
                yield
        finally:
            self.end_all()

    def end_all(self) -> None:
        """End every stream: the server stops."""
        for watch in self._open:
            watch.looked(None)

    async def look(self) -> None:
        """Look after all open pages, in one statement."""
        await self._look_at(list(self._open))

    async def look_at(self, watch: Watch) -> None:
        """Look after one page; where the database does not answer, the next look will."""
        with suppress(Unavailable):
            await self._look_at([watch])

    async def _look_at(self, watches: list[Watch]) -> None:
        if not watches:
            return
        statement = STATEMENTS["watched_heads"]
        values = {
            "session_hashes": [watch.session_hash for watch in watches],
            "project_ids": [watch.project_id for watch in watches],
            "idle_seconds": self._idle_seconds,
        }
        rows = await self._database.run(statement, statement.arguments(values))
        heads = {row["place"]: row["head"] for row in rows}
        for place, watch in enumerate(watches, start=1):
            watch.looked(heads.get(place))


class LiveResponse(Response):
    """The stream of one page."""

    def __init__(self, watches: Watches, owner_id: int, session_hash: bytes, project_id: int, head: int) -> None:
        super().__init__()
        self._watches = watches
        self._owner_id = owner_id
        self._session_hash = session_hash
        self._project_id = project_id
        self._from = head

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Say at once, but not twice a second, that the ledger moved, until the page goes or may not be shown."""
        with self._watches.opened(self._owner_id, self._session_hash, self._project_id, self._from) as watch:
            async with sending_events(receive, send) as events:
                while not watch.is_over:
                    if await watch.woken(events.seconds_left):
                        await self._watches.look_at(watch)
                    head = watch.moved()
                    if head is None or watch.is_over:
                        await events.keep_alive()
                    else:
                        await events.say(b"id: %d\nevent: moved\ndata: %d" % (head, head))
                        await watch.rest()
