"""Pages that stay current: a stream that says when a project's ledger has moved, and no more; the page looks again.

A stream holds no connection. One statement a second proves the sessions of all open pages of a worker and looks how far
their ledgers are: who has signed out, or does not own the project any more, is cut.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from signalbox.db.pool import Database
from signalbox.db.visits import STATEMENTS
from signalbox.edge.stream import KEEP_ALIVE_SECONDS, looked_after, sending_events
from signalbox.errors import TooMany

OPEN_MAX: Final = 1024  # pages of one worker
OPEN_PER_OWNER_MAX: Final = 48  # in all of their browsers: sessions are as many as one signs in for


class Watch:
    """One open page: the head it knows, and whether there is more or it is over."""

    def __init__(self, session_hash: bytes, project_id: int, head: int) -> None:
        self.session_hash = session_hash
        self.project_id = project_id
        self.is_over = False
        self._told = self._head = head
        self._woken = asyncio.Event()

    def looked(self, head: int | None) -> None:
        """Take what a look has found: the head now, or None when the page may not be shown any more."""
        self.is_over = self.is_over or head is None
        self._head = head or self._head
        if self.is_over or self._head > self._told:
            self._woken.set()

    async def moved(self, seconds: float) -> int | None:
        """Wait for the ledger to move on, for so long at most; answers its head, or None when it did not."""
        with anyio.move_on_after(seconds):
            await self._woken.wait()
        self._woken.clear()
        if self._head > self._told:
            self._told = self._head
            return self._head
        return None


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
        watches = list(self._open)
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
        """Say each second at most that the ledger has moved, until the page goes or may not be shown."""
        with self._watches.opened(self._owner_id, self._session_hash, self._project_id, self._from) as watch:
            async with sending_events(receive, send) as events:
                while not watch.is_over:
                    head = await watch.moved(KEEP_ALIVE_SECONDS)
                    if head is None:
                        await events.keep_alive()
                    else:
                        await events.say(b"id: %d\nevent: moved\ndata: %d" % (head, head))
