"""Listeners: the responses of participants that stay open, and the proof, every second, that they still may.

A listener holds no connection and no lock. It is woken when its project moves, and looks then, as its caller, with a
session like any call's. One statement a second re-authorises all listeners of a worker: those whose token,
participation, owner or session no longer holds are ended, and those that a wake-up has missed are woken. What reaches a
listener is a mark, never a message, so a slow reader keeps nothing in memory.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final, Self, TypeVar

import anyio
from pydantic_core import from_json

from signalbox.db.callers import STATEMENTS, Callers, Session
from signalbox.edge.stream import BEAT_SECONDS, looked_after
from signalbox.edge.turns import Turns
from signalbox.errors import Refusal, TooMany, Unauthenticated, Unavailable
from signalbox.identity import Principal, Scope, TokenHash

T = TypeVar("T")

LISTENERS_MAX: Final = 4096  # of one worker
LISTENERS_PER_PARTICIPANT_MAX: Final = 32
LOOK_PAUSE_SECONDS: Final = 0.02  # between two looks of one listener: what moves meanwhile is seen together

GONE: Final = "the token, its participation, its project or its session no longer holds: ask a lead of the project"
STOPPING: Final = "the server stops: connect again and go on after the last id"


class News(Enum):
    """What there is to do on a listener."""

    CHANGED = auto()
    """The caller's list of tools is another one."""
    MOVED = auto()
    """The project may have moved, or what the session keeps has changed: look."""
    QUIET = auto()
    """Nothing, for as long as was waited."""
    ENDED = auto()
    """It is over; `ended_by` says why."""


@dataclass(frozen=True)
class Kept:
    """What a session of the handshake era has asked for, as the last proof found it."""

    subscriptions: Mapping[str, int] = field(default_factory=dict)
    """The seq that the ledger was at when each resource was subscribed to."""
    channel_ok: bool = False
    """Whether a call has shown that what is pushed reaches its model."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read it from a proof."""
        return cls(from_json(row["subscriptions"] or "{}"), bool(row["channel_ok"]))


class Listener:
    """One open response, and the marks that wait to be dealt with on it."""

    def __init__(self, who: Principal, session_key: bytes | None, *, follows: bool, pause_seconds: float) -> None:
        self.who = who
        self.session_key = session_key
        self.follows = follows
        """Whether it wants to know that the project moved."""
        self.kept = Kept()
        self.head = 0
        """How far the ledger is known to have gone, from a proof or a look."""
        self.ended_by: Refusal | None = None
        self._is_lead = who.is_lead
        self._looked_at = 0.0
        self._pause_seconds = pause_seconds
        self._marks: set[News] = set()
        self._woken = asyncio.Event()

    def proved(self, row: Mapping[str, Any] | None) -> None:
        """Take the outcome of a proof, or None when the caller may no longer listen."""
        if row is None:
            self.end(Unauthenticated(GONE))
            return
        if (row["role"] == "lead") is not self._is_lead:
            self._is_lead = not self._is_lead
            if Scope.MANAGE in self.who.scopes:
                self.mark(News.CHANGED)
        kept = Kept.of(row)
        if kept != self.kept:
            self.kept = kept
            self.mark(News.MOVED)
        if row["head"] > self.head:  # a wake-up was missed, or there is nothing to see there
            self.head = row["head"]
            self.moved()

    def moved(self) -> None:
        """Take a wake-up of the project."""
        if self.follows:
            self.mark(News.MOVED)

    def end(self, reason: Refusal) -> None:
        """End it, for this reason."""
        self.ended_by = self.ended_by or reason
        self.mark(News.ENDED)

    def mark(self, news: News) -> None:
        """Leave something to be dealt with."""
        self._marks.add(news)
        self._woken.set()

    async def news(self, seconds: float | None) -> News:
        """Wait for something to do, for so long at most."""
        with anyio.move_on_after(seconds):
            await self._woken.wait()
        if News.ENDED in self._marks:
            return News.ENDED
        if not self._marks:
            return News.QUIET
        news = self._marks.pop()
        if news is News.MOVED:
            await self._pause()
        if not self._marks:
            self._woken.clear()
        return news

    async def _pause(self) -> None:
        """See that there is a pause between two looks; what moves meanwhile is looked at with the rest."""
        now = anyio.current_time()
        if self._looked_at + self._pause_seconds > now:
            await anyio.sleep(self._looked_at + self._pause_seconds - now)
            now = anyio.current_time()
            self._marks.discard(News.MOVED)
        self._looked_at = now


class Listeners:
    """The listeners of a worker."""

    def __init__(self, callers: Callers, turns: Turns) -> None:
        self._callers = callers
        self._turns = turns
        self.database = callers.database
        self._open: dict[Listener, None] = {}
        self._held: Counter[int] = Counter()

    @contextmanager
    def opened(
        self,
        who: Principal,
        session_key: bytes | None = None,
        *,
        follows: bool,
        pause_seconds: float = LOOK_PAUSE_SECONDS,
    ) -> Iterator[Listener]:
        """Keep a listener proved and woken for as long as the block lasts.

        Raises:
            TooMany: this participant, or this worker, has as many as there may be.
        """
        if len(self._open) >= LISTENERS_MAX or self._held[who.participation_id] >= LISTENERS_PER_PARTICIPANT_MAX:
            raise TooMany("too many open streams: close one, or come back in a minute", retry_after_seconds=60)
        listener = Listener(who, session_key, follows=follows, pause_seconds=pause_seconds)
        self._open[listener] = None
        self._held[who.participation_id] += 1
        try:
            with self.database.wakeups.calling(who.project_id, listener.moved):
                yield listener
        finally:
            del self._open[listener]
            self._held[who.participation_id] -= 1
            if not self._held[who.participation_id]:
                del self._held[who.participation_id]

    async def look(self, listener: Listener, read: Callable[[Session, Principal], Awaitable[T]]) -> T | None:
        """Read as the listener's caller, proved anew and in its project's turn.

        None when the database does not answer: the listener is woken again.

        Raises:
            Refusal: the caller may not read any more.
        """
        assert listener.who.token_hash is not None, "listeners come with a token"
        await self._turns.mine(listener.who.project_id)
        try:
            async with self._callers.session(TokenHash(listener.who.token_hash), listener.session_key) as session:
                return await read(session, await session.who())
        except Unavailable:
            asyncio.get_running_loop().call_later(BEAT_SECONDS, listener.mark, News.MOVED)
            return None

    @asynccontextmanager
    async def proving(self) -> AsyncIterator[None]:
        """Prove the callers of all listeners every second meanwhile; at the end, end them."""
        try:
            async with looked_after(self.prove, "open streams"):
                yield
        finally:
            self.end_all()

    def end_all(self) -> None:
        """End every listener: the server stops."""
        for listener in self._open:
            listener.end(Unavailable(STOPPING))

    def mark_all(self, news: News) -> None:
        """Leave something to be dealt with on every listener."""
        for listener in self._open:
            listener.mark(news)

    async def prove(self) -> None:
        """Prove the callers of all listeners, in one statement."""
        listeners = list(self._open)
        if not listeners:
            return
        values = {
            "project_ids": [listener.who.project_id for listener in listeners],
            "token_hashes": [listener.who.token_hash for listener in listeners],
            "session_ids": [listener.session_key for listener in listeners],
        }
        statement = STATEMENTS["still_hold"]
        rows = await self.database.run(statement, statement.arguments(values))
        found = {row["place"]: row for row in rows}
        for place, listener in enumerate(listeners, start=1):
            listener.proved(found.get(place))
