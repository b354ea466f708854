"""Waiting: a call that answers when one of several things holds, and until then holds nothing itself."""

from __future__ import annotations

import time
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import to_json

from signalbox.db.statements import statements
from signalbox.db.waiters import CanWait, Concerns, Move, Waiter
from signalbox.domain import events, transports
from signalbox.domain.events import QueryArgs
from signalbox.domain.handoffs import Kind, Tag
from signalbox.domain.leases import Surface
from signalbox.errors import Unavailable
from signalbox.identity import Principal, Scope
from signalbox.tool import ActorName, Args, Effect, FromJson, Id, Lane, Line, Result, Tool, Whole

sql = statements(__file__)

WAIT_SECONDS: Final = 25
WAIT_SECONDS_MAX: Final = 290  # one client ends any call after 300 seconds
CONDITIONS_MAX: Final = 16
NAMED_MAX: Final = 20  # ids in an answer, of each condition
RETRY_SECONDS: Final = 1.0  # after a look that the database did not answer

FIELDS: Final[dict[str, frozenset[str]]] = {
    "post": frozenset({"from_", "lane", "tag", "kind"}),
    "ack": frozenset({"post_id"}),
    "surface": frozenset({"surface"}),
    "task": frozenset({"lane"}),
    "event": frozenset({"type", "actor", "ref", "tag", "sequence"}),
    "seq": frozenset(),
}
"""What each kind of condition may say more."""


class Condition(Args):
    """One thing to wait for.

    A post to the caller, an ack of a post, a surface that others do not hold, a task that can be taken up, an event by
    exact filters, or any event at all.
    """

    on: Literal["post", "ack", "surface", "task", "event", "seq"]
    from_: Annotated[ActorName | None, Field(alias="from")] = None
    lane: Lane | None = None
    tag: Tag | None = None
    kind: Kind | None = None
    post_id: Id | None = None
    surface: Surface | None = None
    type: Annotated[Line | None, Field(max_length=64)] = None
    actor: ActorName | None = None
    ref: Annotated[Line | None, Field(max_length=120)] = None
    sequence: Annotated[Line | None, Field(max_length=64)] = None

    @model_validator(mode="after")
    def _says_what_it_can(self) -> Self:
        given = {name for name, value in self if name != "on" and value is not None}
        allowed = FIELDS[self.on]
        if given - allowed:
            names = ", ".join(sorted(name.strip("_") for name in allowed)) or "nothing"
            raise ValueError(f"on {self.on!r} takes {names}, not {min(given - allowed).strip('_')!r}")
        for needed in {"post_id", "surface"} & allowed - given:
            raise ValueError(f"on {self.on!r} needs {needed}")
        return self


class WaitArgs(Args):
    """What to wait for, and how long."""

    for_: Annotated[
        list[Condition],
        Field(
            alias="for",
            min_length=1,
            max_length=CONDITIONS_MAX,
            description="Each {on, …}: post (from, lane, tag, kind), ack (post_id), surface (surface), task (lane), "
            "event (type, actor, ref, tag, sequence) or seq. Default: a post.",
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

    Raises:
        NotFound: the post whose ack is waited for, or an actor, is not there.
        TooMany: the caller, or the server, has as many waits as there may be.
    """
    with db.watching(who, _concerns(args.for_, who)) as waiter:
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
            fired = await self._find(waiter)
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
            conditions=_as_json(self._conditions),
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
        return sorted(fired, key=lambda one: one.index)

    async def _events(self, condition: Condition, after: int, head: int) -> list[int]:
        if condition.on == "seq":
            return [head] if head > after else []
        if condition.on != "event":
            return []
        filters = condition.model_dump(include=set(FIELDS["event"]))
        found = await events.query_events(self._db, self._who, QueryArgs(after=after, limit=NAMED_MAX + 1, **filters))
        return [event.id for event in found.events if event.id <= head]


def _as_json(conditions: list[Condition]) -> str:
    plain = [condition.model_dump(by_alias=True, exclude_none=True) for condition in conditions]
    return to_json(plain).decode()


NO_POSTS: Final = frozenset({"ack", "claim", "seed", "lease", "release", "lease_wait"})
"""Types of events that bring nobody a post; so do those that begin with `task`."""
NO_TASKS: Final = frozenset({"post", "ack", "claim", "seed", "lease", "release", "lease_wait", "register"})
NO_SURFACES: Final = frozenset({"post", "ack", "claim", "seed", "register", "lease_wait"})


def _concerns(conditions: list[Condition], who: Principal) -> Concerns:
    """Say which moves may be what is waited for; what a later version calls its events may be anything."""
    me = who.participation_id

    def may_be(condition: Condition, move: Move) -> bool:
        match condition.on:
            case "post":
                return me in move.recipients or (
                    move.type != "post" and move.type not in NO_POSTS and not move.type.startswith("task")
                )
            case "ack":
                return condition.post_id in move.acked
            case "task":
                return move.type not in NO_TASKS
            case "surface":
                return move.type not in NO_SURFACES and not move.type.startswith("task")
            case "event":
                return all(
                    getattr(condition, name) in {None, getattr(move, name)}
                    for name in ("type", "ref", "tag", "sequence")
                )
            case "seq":
                return True

    return lambda move: any(may_be(condition, move) for condition in conditions)


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
