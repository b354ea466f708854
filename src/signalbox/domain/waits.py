"""Waiting: a call that answers when one of several things holds, and until then holds nothing itself."""

from __future__ import annotations

import time
from typing import Annotated, Final

from pydantic import Field

from signalbox.db.rooms import Waiter
from signalbox.db.statements import statements
from signalbox.db.waiters import CanWait
from signalbox.domain import events, leases, transports
from signalbox.domain.conditions import FIELDS, Condition, as_json, concerns_of, may_free
from signalbox.domain.events import QueryArgs
from signalbox.domain.leases import LeaseArgs
from signalbox.errors import Refusal, ScopeTooNarrow, Unavailable
from signalbox.identity import Principal, Scope
from signalbox.tool import Args, Effect, FromJson, Moment, Result, Tool, Whole

sql = statements(__file__)

WAIT_SECONDS: Final = 25
WAIT_SECONDS_MAX: Final = 290  # one client ends any call after 300 seconds
CONDITIONS_MAX: Final = 16
NAMED_MAX: Final = 20  # ids in an answer, of each condition
RETRY_SECONDS: Final = 1.0  # after a look that the database did not answer


class WaitArgs(Args):
    """What to wait for, and how long."""

    for_: Annotated[
        list[Condition],
        Field(
            alias="for",
            min_length=1,
            max_length=CONDITIONS_MAX,
            description="Each {on, …}: post (from, lane, tag, kind), ack (post_id), surface (surface, take=true leases "
            "it in turn), task (lane), event (type, actor, ref, tag, sequence) or seq. Default: a post.",
        ),
    ] = Field(default_factory=lambda: [Condition(on="post")])
    after: Annotated[Whole | None, Field(description="The cursor of your last wait: only what is newer.")] = None
    timeout_seconds: Annotated[Whole, Field(le=WAIT_SECONDS_MAX)] = WAIT_SECONDS


class Fired(Result):
    """A condition that holds: which of `for`, and ids to read it by."""

    on: str
    index: int
    post_ids: list[int] | None = None
    post_id: int | None = None
    task_id: int | None = None
    surface: str | None = None
    lease_id: int | None = None
    fence: int | None = None
    expires_at: Moment | None = None
    seqs: list[int] | None = None


class Waited(Result):
    """What holds; nothing when the time is over. `cursor` is what to wait after next."""

    fired: list[Fired]
    cursor: int


class Looked(Result):
    """What `wait_look_v1` finds."""

    head: int
    upto: int
    again_seconds: float | None
    fired: Annotated[list[Fired], FromJson]


async def wait(db: CanWait, who: Principal, args: WaitArgs) -> Waited:
    """Answer as soon as one of the conditions holds, or with nothing at the end of the time.

    Without `after`, posts that are unread and acks that were given count; events count from now on. With it, all count
    that came after it. What an answer told of does not fire again after its cursor, and nothing else is left out.

    A surface that is to be taken is leased when it is the caller's turn, as `lease` with `queue` does; whoever waits
    for it again within two minutes has kept the place.

    Raises:
        ScopeTooNarrow: a surface is to be taken, and the token may only read.
        Conflict: the caller would wait for a surface for ever.
        NotFound: the post whose ack is waited for, or an actor, is not there.
        TooMany: the caller, or the server, has as many waits as there may be.
    """
    if any(condition.take for condition in args.for_) and Scope.WRITE not in who.scopes:
        raise ScopeTooNarrow("this token may only read: it can wait for a surface, but not take it", scope="write")
    with db.watching(who, concerns_of(args.for_, who)) as waiter:
        waited = await _Look(db, who, args).until_something(waiter, min(args.timeout_seconds, db.wait_seconds_max))
    for fired in waited.fired:
        transports.offered(db, who, "wait", fired.post_ids or ())
    return waited


class _Look:
    """The looks of one wait, one after the other."""

    def __init__(self, db: CanWait, who: Principal, args: WaitArgs) -> None:
        self._db = db
        self._who = who
        self._conditions = args.for_
        self._after = args.after
        self._cursor: int | None = None
        self._again_seconds = float(WAIT_SECONDS_MAX)

    async def until_something(self, waiter: Waiter, seconds: float) -> Waited:
        """Look whenever the waiter is woken, until something holds, the time is over or the server stops."""
        ends_at = time.monotonic() + seconds
        while True:
            fired = await self._look(waiter)
            left = ends_at - time.monotonic()
            if not fired and left > 0 and not waiter.is_over:
                await self._db.release()
                await waiter.wait(min(left, self._again_seconds))
                left = ends_at - time.monotonic()
            if fired or left <= 0 or waiter.is_over:
                assert self._cursor is not None, "there was a first look"
                return Waited(fired=fired, cursor=self._cursor)

    async def _look(self, waiter: Waiter) -> list[Fired]:
        """Look once. A look that the database does not answer is repeated, unless it is the first."""
        try:
            fired = await self._take(waiter) + await self._find(waiter)
        except Unavailable:
            if self._cursor is None:
                raise
            self._again_seconds = RETRY_SECONDS
            return []
        if not fired:
            self._after = self._cursor  # whatever there is up to here is not it
        return fired

    async def _find(self, waiter: Waiter) -> list[Fired]:
        looked = await sql.look.one(
            self._db,
            Looked,
            project_id=self._who.project_id,
            participation_id=self._who.participation_id,
            after=self._after,
            conditions=as_json(self._conditions),
        )
        waiter.knows(looked.head)
        fired, cursor = looked.fired, looked.upto
        if self._after is not None:
            for index, condition in enumerate(self._conditions):
                seqs = await self._events(condition, self._after, looked.head)
                if len(seqs) > NAMED_MAX:
                    seqs = seqs[:NAMED_MAX]
                    cursor = min(cursor, seqs[-1])
                if seqs:
                    fired.append(Fired(on=condition.on, index=index, seqs=seqs))
        self._cursor = cursor
        self._again_seconds = WAIT_SECONDS_MAX if looked.again_seconds is None else looked.again_seconds
        return fired

    async def _take(self, waiter: Waiter) -> list[Fired]:
        """Lease the surfaces that are to be taken and whose turn it is; the first time, stand in line for all."""
        taken: list[Fired] = []
        for index, condition in enumerate(self._conditions):
            if not condition.take or condition.surface is None:
                continue
            if self._cursor is None:
                waiter.stands_in_line(condition.surface, may_free)
            elif condition.surface not in waiter.turns:
                continue
            try:
                held = await leases.lease(self._db, self._who, LeaseArgs(surface=condition.surface, queue=True))
            except Refusal:
                if taken:  # the caller must hear of it
                    return taken
                raise
            waiter.turns.discard(condition.surface)
            if held.lease_id is not None:
                fields = held.model_dump(include={"lease_id", "surface", "fence", "expires_at"})
                taken.append(Fired(on=condition.on, index=index, **fields))
        return taken

    async def _events(self, condition: Condition, after: int, head: int) -> list[int]:
        if condition.on == "seq":
            return [head] if head > after else []
        if condition.on != "event":
            return []
        filters = condition.model_dump(include=set(FIELDS["event"]))
        found = await events.query_events(self._db, self._who, QueryArgs(after=after, limit=NAMED_MAX + 1, **filters))
        return [event.id for event in found.events if event.id <= head]


TOOLS = (
    Tool(
        "wait",
        wait,
        Scope.READ,
        Effect.READS,
        "Wait until something holds; at once if it does. Answers ids, never bodies.",
        reports_inbox=True,
        waits="timeout_seconds",
    ),
)
