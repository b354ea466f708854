"""Waiters: calls that wait for something to happen in their project, and who of them is to look again.

A waiter holds no connection and no lock. When a project moves, one statement reads what happened there for all waiters
of the worker; each is asked whether that may be what it waits for, and looks, as its caller, if it may. One statement a
second proves all their callers again, and says how far their ledgers are, for whom a wake-up has missed. A waiter whose
caller no longer holds looks, too: its look says why it does not. So a waiter that nothing happens for costs nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, Protocol

from signalbox import paths
from signalbox.db.notify import LOOK_SECONDS, Wake, Wakeups
from signalbox.db.rooms import Concerns, Move, Room, Waiter
from signalbox.db.statements import Executor, Statement, parse
from signalbox.errors import TooMany, Unavailable
from signalbox.identity import Principal

log = logging.getLogger("signalbox.waiters")

MOVES_MAX: Final = 500  # of one project, read at once
PROVE_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 1.0  # after a look that the database did not answer

STATEMENTS: Final = parse((paths.FUNCTIONS.parent / "waiters.sql").read_text(encoding="utf-8"))

Run = Callable[[Statement, Sequence[Any]], Awaitable[list[Any]]]


class CanWait(Executor, Protocol):
    """What a verb that waits runs its statements on."""

    @property
    def wait_seconds_max(self) -> float:
        """How long the caller's way of calling lets it wait, at most."""

    def watching(self, who: Principal, concerns: Concerns) -> AbstractContextManager[Waiter]:
        """Be told of what may concern the caller, from now until the block ends.

        Raises:
            TooMany: the participant, or the worker, has as many waiters as it may.
        """

    async def release(self) -> None:
        """Give the connection back: nobody waits with one."""


async def until_found(db: CanWait, waiter: Waiter, seconds: float, look: Callable[[], Awaitable[float | None]]) -> None:
    """Look whenever the waiter is woken, until a look finds something, the time is over or the server stops.

    A look answers None when it found something, else after how many seconds it wants to look again in any case. One
    that the database does not answer is repeated in a second, unless it was the first.
    """
    ends_at = time.monotonic() + min(seconds, db.wait_seconds_max)
    again_seconds: float | None = None
    while True:
        try:
            again_seconds = await look()
        except Unavailable:
            if again_seconds is None:
                raise
            again_seconds = RETRY_SECONDS
        left = ends_at - time.monotonic()
        if again_seconds is None or left <= 0 or waiter.is_over:
            return
        await db.release()
        await waiter.wait(min(left, again_seconds))
        if waiter.is_over or time.monotonic() >= ends_at:
            return


class Waiters:
    """The waiters of a worker. What looks after them runs while there are any."""

    def __init__(self, run: Run, wakeups: Wakeups, most: int, most_per_participant: int) -> None:
        self._run = run
        self._wakeups = wakeups
        self._most = most
        self.most_per_participant = most_per_participant
        self._rooms: dict[int, Room] = {}
        self._moved: set[int] = set()
        self._news = Wake()
        self._held: Counter[int] = Counter()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def parked(self) -> int:
        """How many wait that have looked once."""
        return sum(waiter.is_parked for room in self._rooms.values() for waiter in room.waiters)

    @contextmanager
    def watching(self, who: Principal, session_key: bytes | None, concerns: Concerns) -> Iterator[Waiter]:
        """Keep a waiter proved and told for as long as the block lasts.

        Raises:
            TooMany: this participant, or this worker, has as many as there may be.
        """
        if self._held[who.participation_id] >= self.most_per_participant:
            raise TooMany("you wait in too many calls: let one end", retry_after_seconds=5)
        if self._held.total() >= self._most:
            raise TooMany("too many wait on this server: repeat in a few seconds", retry_after_seconds=5)
        room = self._room_of(who.project_id)
        waiter = Waiter(who, session_key, concerns, room)
        room.waiters[waiter] = None
        self._held[who.participation_id] += 1
        self._look_after()
        try:
            yield waiter
        finally:
            self._left(room, waiter)

    def end_all(self) -> None:
        """Have every waiter answer: the server stops."""
        for room in self._rooms.values():
            for waiter in room.waiters:
                waiter.is_over = True
            room.wake_all()

    def _room_of(self, project_id: int) -> Room:
        room = self._rooms.get(project_id)
        if room is None:
            watching = self._wakeups.calling(project_id, lambda: self._note_moved(project_id))
            room = self._rooms[project_id] = Room(project_id, watching)
            watching.__enter__()
        return room

    def _left(self, room: Room, waiter: Waiter) -> None:
        who = waiter.who.participation_id
        del room.waiters[waiter]
        room.lines = {place: concerns for place, concerns in room.lines.items() if place[0] is not waiter}
        self._held[who] -= 1
        if not self._held[who]:
            del self._held[who]
        if not room.waiters:
            room.watching.__exit__(None, None, None)
            del self._rooms[room.project_id]
        if not self._rooms:
            for task in self._tasks:
                task.cancel()
            self._tasks = []

    def _look_after(self) -> None:
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._keep_proving())]

    def _note_moved(self, project_id: int) -> None:
        self._moved.add(project_id)
        self._news.wake()

    async def _follow(self) -> None:
        """Tell waiters what happened, whenever something did; and whose turn it is, every few seconds besides."""
        while True:
            await self._news.wait(LOOK_SECONDS)
            moved, self._moved = self._moved, set()
            rooms = [self._rooms[project_id] for project_id in moved if project_id in self._rooms]
            if not await self._did("who waits was not told of what happened", self._tell(rooms)):
                self._moved |= moved
            await self._did("who waits for surfaces was not told", self._tell_turns())

    async def _did(self, failure: str, work: Awaitable[None]) -> bool:
        try:
            await work
        except Unavailable:
            log.warning("%s: the database does not answer", failure)
            return False
        except Exception:
            log.exception("%s", failure)
            return False
        return True

    async def _tell(self, rooms: Sequence[Room]) -> None:
        for room in rooms:
            if room.seq is None:  # nobody there has looked to the end yet
                room.wake_all()
                room.asks_turns = True
        rooms = [room for room in rooms if room.seq is not None]
        if not rooms:
            return
        known = {waiter for room in rooms for waiter in room.waiters}
        waiting = {(waiter.who.project_id, waiter.who.participation_id) for waiter in known}
        statement = STATEMENTS["moves"]
        values = {
            "project_ids": [room.project_id for room in rooms],
            "after_seqs": [room.seq for room in rooms],
            "waiting_projects": [project_id for project_id, _ in waiting],
            "waiting": [participation_id for _, participation_id in waiting],
            "rows_max": MOVES_MAX,
        }
        found = Counter[int]()
        for row in await self._run(statement, statement.arguments(values)):
            room = rooms[row["place"] - 1]
            found[room.project_id] += 1
            room.seq = max(room.seq or 0, row["seq"])
            room.tell(Move.of(row), known)
        for project_id, count in found.items():
            if count == MOVES_MAX:  # there may be more
                self._note_moved(project_id)

    async def _tell_turns(self) -> None:
        now = time.monotonic()
        for room in list(self._rooms.values()):
            if not room.lines or not (room.asks_turns or now - room.asked_turns_at >= LOOK_SECONDS):
                continue
            room.asks_turns, room.asked_turns_at = False, now
            places = list({(waiter.who.participation_id, surface) for waiter, surface in room.lines})
            statement = STATEMENTS["lease_turns"]
            values = {
                "project_id": room.project_id,
                "participation_ids": [participation_id for participation_id, _ in places],
                "surfaces": [surface for _, surface in places],
            }
            rows = await self._run(statement, statement.arguments(values))
            turns = {(row["participation_id"], row["surface"]) for row in rows}
            for waiter, surface in room.lines:
                if (waiter.who.participation_id, surface) in turns:
                    waiter.turns.add(surface)
                    waiter.wake()

    async def _keep_proving(self) -> None:
        while True:
            await asyncio.sleep(PROVE_SECONDS)
            await self._did("who waits was not proved", self.prove())

    async def prove(self) -> None:
        """Prove the callers of all waiters, and look which projects have moved unheard, in one statement."""
        waiters = [waiter for room in self._rooms.values() for waiter in room.waiters]
        rooms = [room for room in self._rooms.values() if room.seq is not None]
        statement = STATEMENTS["who_waits"]
        values = {
            "token_hashes": [waiter.who.token_hash for waiter in waiters],
            "waiting_projects": [waiter.who.project_id for waiter in waiters],
            "session_ids": [waiter.session_key for waiter in waiters],
            "project_ids": [room.project_id for room in rooms],
            "after_seqs": [room.seq for room in rooms],
        }
        for row in await self._run(statement, statement.arguments(values)):
            if row["place"] is None:
                self._note_moved(row["project_id"])
            else:
                waiters[row["place"] - 1].wake()  # its look says why its caller does not hold
