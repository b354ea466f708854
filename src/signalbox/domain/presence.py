"""Presence: where participants are, what they do, when they were last seen."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from signalbox.db.acts import act
from signalbox.db.statements import Executor, statements
from signalbox.errors import Unavailable
from signalbox.identity import Principal, Scope
from signalbox.tool import ActArgs, Args, Effect, Id, Lane, Line, Moment, Result, Tool

if TYPE_CHECKING:
    from signalbox.db.pool import Database

log = logging.getLogger("signalbox")

sql = statements(__file__)

FLUSH_SECONDS: Final = 1.0


class RegisterArgs(ActArgs):
    """Where the caller works, and on what."""

    lane: Lane
    status: Annotated[Line | None, Field(max_length=140, description="What you are doing.")] = None


class Registration(Result):
    """The caller's presence as others see it."""

    actor: str
    lane: str
    status: str | None = None
    registered_at: Moment


async def register(db: Executor, who: Principal, args: RegisterArgs) -> Registration:
    """Be present in a lane: its posts come to the caller from now on, and those nobody has acked yet."""
    return await act(db, "register", Registration, who, args, lane=args.lane, status=args.status)


class ActiveArgs(Args):
    """Whom to look for."""

    lane: Lane | None = None
    within_seconds: Annotated[Id | None, Field(le=86_400, description="Default: the project's window.")] = None


class Active(Result):
    """A participant that was seen lately."""

    actor: str
    lane: str | None = None
    status: str | None = None
    last_seen: Moment


class WhoIsActive(Result):
    """Who was seen lately, latest first."""

    active: list[Active]


async def who_is_active(db: Executor, who: Principal, args: ActiveArgs) -> WhoIsActive:
    """Answer who was seen within the window."""
    within = args.within_seconds or who.liveness_seconds
    active = await sql.who_is_active.all(
        db, Active, project_id=who.project_id, within_seconds=float(within), lane=args.lane
    )
    return WhoIsActive(active=active)


class Heartbeats:
    """Who called since the last flush. A call costs an entry here, never a write of its own."""

    def __init__(self) -> None:
        self._seen: dict[int, Principal] = {}

    def saw(self, who: Principal) -> None:
        """Note that a participant called."""
        self._seen[who.participation_id] = who

    async def flush(self, database: Database) -> None:
        """Write the notes of all, in one statement; those written less than 15 seconds ago stay as they are."""
        seen, self._seen = list(self._seen.values()), {}
        if seen:
            arguments = sql.touch.arguments(
                {
                    "project_ids": [who.project_id for who in seen],
                    "participation_ids": [who.participation_id for who in seen],
                    "token_hashes": [who.token_hash for who in seen if who.token_hash is not None],
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
