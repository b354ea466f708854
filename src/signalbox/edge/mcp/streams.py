"""Responses that stay open, and the proof, every second, that their callers still may.

A stream holds no connection and no lock. One statement a second re-authorises all the streams of a worker: those whose
token, participation, owner or session no longer holds are ended, and those whose role changed are told that their
list of tools did. What reaches a stream is a mark, never a message, so a slow reader keeps nothing in memory.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from enum import Enum, auto
from typing import Any, Final

import anyio
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp_types import SubscriptionsListenRequestParams, SubscriptionsListenResult
from starlette.types import Receive, Send

from signalbox.db.callers import STATEMENTS
from signalbox.db.pool import Database
from signalbox.edge.stream import KEEP_ALIVE_SECONDS, looked_after, sending_events
from signalbox.errors import TooMany
from signalbox.identity import Principal, Scope

STREAMS_MAX: Final = 4096  # of one worker
STREAMS_PER_PARTICIPANT_MAX: Final = 32

LIST_CHANGED: Final = json.dumps({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}).encode()


class News(Enum):
    """What there is to say on a stream."""

    CHANGED = auto()
    """The caller's list of tools is another one."""
    QUIET = auto()
    """Nothing, for as long as was waited."""
    ENDED = auto()
    """The caller may no longer listen."""


class Stream:
    """One open response, and the marks that wait to be said on it."""

    def __init__(self, who: Principal, session_key: bytes | None) -> None:
        self.who = who
        self.session_key = session_key
        self._is_lead = who.is_lead
        self._marks: set[News] = set()
        self._woken = asyncio.Event()

    def proved(self, role: str | None) -> None:
        """Take the outcome of a proof: the role now, or None when the caller may no longer listen."""
        if role is None:
            self.mark(News.ENDED)
        elif (role == "lead") is not self._is_lead:
            self._is_lead = role == "lead"
            if Scope.MANAGE in self.who.scopes:
                self.mark(News.CHANGED)

    def mark(self, news: News) -> None:
        """Leave something to be said."""
        self._marks.add(news)
        self._woken.set()

    async def news(self, seconds: float | None) -> News:
        """Wait for something to say, for so long at most."""
        with anyio.move_on_after(seconds):
            await self._woken.wait()
        if News.ENDED in self._marks:
            return News.ENDED
        self._woken.clear()
        return self._marks.pop() if self._marks else News.QUIET


class Streams:
    """The open streams of a worker."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open: dict[Stream, None] = {}
        self._held: Counter[int] = Counter()

    @contextmanager
    def opened(self, who: Principal, session_key: bytes | None) -> Iterator[Stream]:
        """Keep a stream proved for as long as the block lasts.

        Raises:
            TooMany: this participant, or this worker, has as many as there may be.
        """
        if len(self._open) >= STREAMS_MAX or self._held[who.participation_id] >= STREAMS_PER_PARTICIPANT_MAX:
            raise TooMany("too many open streams: close one, or come back in a minute", retry_after_seconds=60)
        stream = Stream(who, session_key)
        self._open[stream] = None
        self._held[who.participation_id] += 1
        try:
            yield stream
        finally:
            del self._open[stream]
            self._held[who.participation_id] -= 1
            if not self._held[who.participation_id]:
                del self._held[who.participation_id]

    @asynccontextmanager
    async def proving(self) -> AsyncIterator[None]:
        """Prove the callers of all open streams every second meanwhile; at the end, end them."""
        try:
            async with looked_after(self.prove, "open streams"):
                yield
        finally:
            self.end_all()

    def end_all(self) -> None:
        """End every stream: the server stops."""
        self.mark_all(News.ENDED)

    def mark_all(self, news: News) -> None:
        """Leave something to be said on every stream."""
        for stream in self._open:
            stream.mark(news)

    async def prove(self) -> None:
        """Prove the callers of all open streams, in one statement."""
        streams = list(self._open)
        if not streams:
            return
        values = {
            "project_ids": [stream.who.project_id for stream in streams],
            "token_hashes": [stream.who.token_hash for stream in streams],
            "session_ids": [stream.session_key for stream in streams],
        }
        statement = STATEMENTS["still_hold"]
        rows = await self._database.run(statement, statement.arguments(values))
        roles = {row["place"]: row["role"] for row in rows}
        for place, stream in enumerate(streams, start=1):
            stream.proved(roles.get(place))

    async def listen(
        self,
        who: Principal,
        ctx: ServerRequestContext[Any, Any],
        params: SubscriptionsListenRequestParams,
    ) -> SubscriptionsListenResult:
        """Serve one `subscriptions/listen` until its caller goes away or may no longer listen."""
        bus = InMemorySubscriptionBus()
        handler = ListenHandler(bus, max_subscriptions=1)

        async def publish(stream: Stream) -> None:
            while await stream.news(None) is News.CHANGED:
                await bus.publish(ToolsListChanged())
            handler.close()

        with self.opened(who, None) as stream:
            async with anyio.create_task_group() as group:
                group.start_soon(publish, stream)
                result = await handler(ctx, params)
                group.cancel_scope.cancel()
        return result

    async def send_events(self, who: Principal, session_key: bytes, receive: Receive, send: Send) -> None:
        """Serve one GET stream of the handshake era, likewise."""
        with self.opened(who, session_key) as stream:
            async with sending_events(receive, send) as events:
                while (news := await stream.news(KEEP_ALIVE_SECONDS)) is not News.ENDED:
                    if news is News.CHANGED:
                        await events.say(b"event: message\ndata: " + LIST_CHANGED)
                    else:
                        await events.keep_alive()
