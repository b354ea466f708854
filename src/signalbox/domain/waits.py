"""Waiting: a call that answers when one of several things holds, and until then holds nothing itself."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from signalbox.db.rooms import Waiter
from signalbox.db.statements import statements
from signalbox.db.waiters import CanWait, until_found
from signalbox.domain import events, leases, transports
from signalbox.domain.conditions import (
    Condition,
    EventCondition,
    PostCondition,
    SeqCondition,
    SurfaceCondition,
    as_json,
    concerns_of,
    may_free,
)
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


def _a_post() -> list[Condition]:
    return [PostCondition(on="post")]


class WaitArgs(Args):
    """What to wait for, and how long."""

    for_: Annotated[
        list[Condition],
        Field(
            alias="for",
            min_length=1,
            max_length=CONDITIONS_MAX,
            description="[{on: post|ack|surface|task|event|seq, …}]; post: from, lane, tag, kind; ack: post_id; "
            "surface: surface, take; task: lane; event: type, actor, ref, tag, sequence.",
        ),
    ] = Field(default_factory=_a_post)
    after: Annotated[Whole | None, Field(description="The last cursor you got.")] = None
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
    takes = any(isinstance(condition, SurfaceCondition) and condition.take for condition in args.for_)
    if takes and Scope.WRITE not in who.scopes:
        raise ScopeTooNarrow("this token may only read: it can wait for a surface, but not take it", scope="write")
    looks = _Looks(db, who, args)
    with db.watching(who, concerns_of(args.for_, who)) as waiter:
        await until_found(db, waiter, args.timeout_seconds, lambda: looks.look(waiter))
    for fired in looks.fired:
        transports.offered(db, who, "wait", fired.post_ids or ())
    return Waited(fired=sorted(looks.fired, key=lambda fired: fired.index), cursor=looks.cursor or 0)


class _Looks:
    """The looks of one wait, one after the other, and what they found."""

    def __init__(self, db: CanWait, who: Principal, args: WaitArgs) -> None:
        self._db = db
        self._who = who
        self._conditions = args.for_
        self._after = args.after
        self.fired: list[Fired] = []
        self.cursor: int | None = None

    async def look(self, waiter: Waiter) -> float | None:
        """Look once; see `until_found`."""
        await self._take(waiter)
        taken = bool(self.fired)
        try:
            again_seconds = await self._find(waiter)
        except Unavailable:
            if not taken or self.cursor is None:
                raise
            return None
        if self.fired:
            return None
        self._after = self.cursor  # whatever there is up to here is not it
        return WAIT_SECONDS_MAX if again_seconds is None else again_seconds

    async def _find(self, waiter: Waiter) -> float | None:
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
        self.fired += fired
        self.cursor = cursor
        return looked.again_seconds

    async def _take(self, waiter: Waiter) -> None:
        """Lease the surfaces that are to be taken and whose turn it is; the first time, stand in line for all."""
        for index, condition in enumerate(self._conditions):
            if not isinstance(condition, SurfaceCondition) or not condition.take:
                continue
            if self.cursor is None:
                waiter.stands_in_line(condition.surface, may_free)
            elif condition.surface not in waiter.turns:
                continue
            try:
                held = await leases.lease(self._db, self._who, LeaseArgs(surface=condition.surface, queue=True))
            except Refusal:
                if self.fired:  # the caller must hear of it
                    return
                raise
            waiter.turns.discard(condition.surface)
            if held.lease_id is not None:
                fields = held.model_dump(include={"lease_id", "surface", "fence", "expires_at"})
                self.fired.append(Fired(on=condition.on, index=index, **fields))

    async def _events(self, condition: Condition, after: int, head: int) -> list[int]:
        if isinstance(condition, SeqCondition):
            return [head] if head > after else []
        if not isinstance(condition, EventCondition):
            return []
        filters = condition.model_dump(exclude={"on"})
        found = await events.query_events(self._db, self._who, QueryArgs(after=after, limit=NAMED_MAX + 1, **filters))
        return [event.id for event in found.events if event.id <= head]


TOOLS = (
    Tool(
        "wait",
        wait,
        Scope.READ,
        Effect.REPEATS,
        "Wait for a post to you, or until any of `for` holds; at once if one does. Answers ids to read by.",
        reports_inbox=True,
        waits="timeout_seconds",
    ),
)
