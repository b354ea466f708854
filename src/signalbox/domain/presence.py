"""Presence: where participants are, what they do, when they were last seen."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field

from signalbox.db.acts import act
from signalbox.db.statements import Executor, statements
from signalbox.domain.handoffs import Tag
from signalbox.errors import Unavailable
from signalbox.identity import Principal, Scope
from signalbox.tool import ActArgs, Args, Effect, Id, Lane, Line, Moment, Result, Tool

if TYPE_CHECKING:
    from signalbox.db.pool import Database

log = logging.getLogger("signalbox")

sql = statements(__file__)

TAGS_MAX: Final = 8
FLUSH_SECONDS: Final = 1.0
REACH_NOTED_SECONDS: Final = 16.0  # a mark is renewed once it is more than 15 seconds old

SessionName = Annotated[Line, Field(max_length=64)]
Availability = Literal["active", "idle", "busy"]
Visibility = Literal["visible", "hidden", "ghost"]
Reach = Literal["stream", "wait", "hook"]
WAYS: Final[tuple[Reach, ...]] = ("stream", "wait", "hook")  # the best first


class RegisterArgs(ActArgs):
    """Where the caller works, on what, and what others see of it. What is left out is as if never said."""

    lane: Lane
    status: Annotated[Line | None, Field(max_length=140, description="What you are doing.")] = None
    availability: Availability = "active"
    visibility: Annotated[Visibility, Field(description="hidden: not listed; ghost: nor addressable.")] = "visible"
    tags: Annotated[tuple[Tag, ...], Field(max_length=TAGS_MAX, strict=False)] = ()
    session: SessionName | None = None


class Registration(Result):
    """The caller's presence as others see it."""

    actor: str
    lane: str
    status: str | None = None
    registered_at: Moment


async def register(db: Executor, who: Principal, args: RegisterArgs) -> Registration:
    """Be present in a lane: its posts come to the caller from now on, and those nobody has acked yet.

    A ghost is not: it reads along, and nobody can name it as an address.
    """
    return await act(
        db,
        "register",
        Registration,
        who,
        args,
        lane=args.lane,
        status=args.status,
        availability=args.availability,
        visibility=args.visibility,
        tags=list(dict.fromkeys(args.tags)),
        session=args.session,
    )


class ActiveArgs(Args):
    """Whom to look for."""

    lane: Lane | None = None
    tag: Tag | None = None
    within_seconds: Annotated[Id | None, Field(le=86_400, description="Default: the project's window.")] = None


class Active(Result):
    """A participant that was seen lately: what it does, how it can be reached just now, how many posts wait for it."""

    actor: str
    lane: str | None = None
    status: str | None = None
    last_seen: Moment
    availability: Annotated[Availability | None, Field(description="Left out: active.")] = None
    visibility: Annotated[Visibility | None, Field(description="Left out: visible.")] = None
    tags: list[str] | None = None
    reach: Reach | Literal["none"]
    unread: int


class WhoIsActive(Result):
    """Who was seen lately or listens, latest first."""

    active: list[Active]


async def who_is_active(db: Executor, who: Principal, args: ActiveArgs) -> WhoIsActive:
    """Answer who was seen within the window or listens now. Who is hidden or a ghost is shown to leads and itself."""
    within = args.within_seconds or who.liveness_seconds
    active = await sql.who_is_active.all(
        db,
        Active,
        project_id=who.project_id,
        within_seconds=float(within),
        lane=args.lane,
        tag=args.tag,
        participation_id=who.participation_id,
        is_lead=who.is_lead,
    )
    return WhoIsActive(active=active)


class _Way:
    """A way in which somebody can be reached while it is open, and when it is to be written again."""

    def __init__(self, who: Principal, reach: Reach) -> None:
        self.who = who
        self.reach: Reach = reach
        self.due_at = 0.0


class _Note:
    """What a flush writes of one participant."""

    def __init__(self, who: Principal) -> None:
        self.who = who
        self.called = False
        self.reach: Reach | None = None

    def reached(self, reach: Reach | None) -> None:
        """Keep the best way."""
        if reach is not None and (self.reach is None or WAYS.index(reach) < WAYS.index(self.reach)):
            self.reach = reach


class Heartbeats:
    """Who called since the last flush, and who can be reached how. A call costs an entry here, never a write."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._notes: dict[int, _Note] = {}
        self._ways: dict[_Way, None] = {}

    def saw(self, who: Principal, reach: Reach | None = None) -> None:
        """Note that a participant called; `reach` where that shows how it can be reached again, as a hook's does."""
        note = self._note(who)
        note.who, note.called = who, True
        note.reached(reach)

    @contextmanager
    def reachable(self, who: Principal, reach: Reach) -> Iterator[None]:
        """Mark a participant as one who can be reached so, for as long as the block lasts: a stream, a parked wait."""
        way = _Way(who, reach)
        self._ways[way] = None
        try:
            yield
        finally:
            del self._ways[way]

    def _note(self, who: Principal) -> _Note:
        note = self._notes.get(who.participation_id)
        if note is None:
            note = self._notes[who.participation_id] = _Note(who)
        return note

    def _note_ways(self) -> None:
        now = self._clock()
        for way in self._ways:
            if way.due_at <= now:
                way.due_at = now + REACH_NOTED_SECONDS
                self._note(way.who).reached(way.reach)

    async def flush(self, database: Database) -> None:
        """Write the notes of all, in one statement; those written less than 15 seconds ago stay as they are."""
        self._note_ways()
        notes, self._notes = list(self._notes.values()), {}
        if notes:
            arguments = sql.touch.arguments(
                {
                    "project_ids": [note.who.project_id for note in notes],
                    "participation_ids": [note.who.participation_id for note in notes],
                    "called": [note.called for note in notes],
                    "reaches": [note.reach for note in notes],
                    "token_hashes": [note.who.token_hash for note in notes if note.called and note.who.token_hash],
                }
            )
            await database.run(sql.touch, arguments)

    @asynccontextmanager
    async def beating(self, database: Database) -> AsyncIterator[None]:
        """Write the notes every second meanwhile, and what is left at the end."""
        beat = asyncio.create_task(self._beat(database))
        try:
            yield
        finally:
            beat.cancel()
            await asyncio.gather(beat, return_exceptions=True)
            await self._flush_or_warn(database)

    async def _beat(self, database: Database) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self._flush_or_warn(database)

    async def _flush_or_warn(self, database: Database) -> None:
        try:
            await self.flush(database)
        except Unavailable:
            log.warning("the heartbeats of a second are lost: the database does not answer")
        except Exception:
            log.exception("the heartbeats of a second are lost")  # the next ones are written all the same


TOOLS = (
    Tool(
        "register",
        register,
        Scope.WRITE,
        Effect.REPEATS,
        "Say which lane you work in and on what; the lane's posts then come to you.",
    ),
    Tool(
        "who_is_active",
        who_is_active,
        Scope.READ,
        Effect.READS,
        "Who was seen lately, in which lane, doing what.",
    ),
)
