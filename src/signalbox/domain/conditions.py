"""Conditions: what a call can wait for, and which moves of the ledger may bring it about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import Field
from pydantic_core import to_json

from signalbox.db.rooms import Concerns, Move
from signalbox.domain.handoffs import Kind, Tag
from signalbox.domain.leases import Surface
from signalbox.identity import Principal
from signalbox.tool import ActorName, Args, Id, Lane, Line

NO_POSTS: Final = frozenset({"ack", "claim", "seed", "lease", "release", "lease_wait"})
"""Types of events that bring nobody a post; nor do those of tasks. What a later version adds may do anything."""
NO_TASKS: Final = frozenset({"post", "ack", "claim", "seed", "lease", "release", "lease_wait", "register"})
NO_SURFACES: Final = frozenset({"post", "ack", "claim", "seed", "register", "lease_wait"})


class PostCondition(Args):
    """A post to the caller that waits for its ack."""

    on: Literal["post"]
    from_: Annotated[ActorName | None, Field(alias="from")] = None
    lane: Lane | None = None
    tag: Tag | None = None
    kind: Kind | None = None

    def may_come_of(self, move: Move, me: int) -> bool:
        """Say whether a move may have brought it about."""
        if move.type == "post":
            return me in move.recipients
        return move.type not in NO_POSTS and not move.type.startswith("task")


class AckCondition(Args):
    """Somebody's ack of a post, or the answer to a question."""

    on: Literal["ack"]
    post_id: Id

    def may_come_of(self, move: Move, _me: int) -> bool:
        """Say whether a move may have brought it about."""
        return self.post_id in move.acked


class SurfaceCondition(Args):
    """A surface that nobody else holds; with `take`, one that the caller was given."""

    on: Literal["surface"]
    surface: Surface
    take: bool = False

    def may_come_of(self, move: Move, _me: int) -> bool:
        """Say whether a move may have brought it about. Whose turn it is to take, its waiter is told."""
        return not self.take and may_free(move)


class TaskCondition(Args):
    """A task that the caller can take up."""

    on: Literal["task"]
    lane: Lane | None = None

    def may_come_of(self, move: Move, _me: int) -> bool:
        """Say whether a move may have brought it about."""
        return move.type not in NO_TASKS


class EventCondition(Args):
    """An event, by exact filters."""

    on: Literal["event"]
    type: Annotated[Line | None, Field(max_length=64)] = None
    actor: ActorName | None = None
    ref: Annotated[Line | None, Field(max_length=120)] = None
    tag: Annotated[Line | None, Field(max_length=64)] = None
    sequence: Annotated[Line | None, Field(max_length=64)] = None

    def may_come_of(self, move: Move, _me: int) -> bool:
        """Say whether a move may have brought it about; actors have several names, so that is not asked here."""
        return all(getattr(self, name) in {None, getattr(move, name)} for name in ("type", "ref", "tag", "sequence"))


class SeqCondition(Args):
    """Any event at all."""

    on: Literal["seq"]

    def may_come_of(self, _move: Move, _me: int) -> bool:
        """Say whether a move may have brought it about."""
        return True


Condition = Annotated[
    PostCondition | AckCondition | SurfaceCondition | TaskCondition | EventCondition | SeqCondition,
    Field(discriminator="on"),
]


def as_json(conditions: Sequence[Condition]) -> str:
    """Write conditions as `wait_look_v1` takes them; it leaves alone what is to be taken."""
    plain = [
        {"on": "take"}
        if isinstance(condition, SurfaceCondition) and condition.take
        else condition.model_dump(by_alias=True, exclude_none=True)
        for condition in conditions
    ]
    return to_json(plain).decode()


def may_free(move: Move) -> bool:
    """Say whether a move may have freed a surface."""
    return move.type not in NO_SURFACES and not move.type.startswith("task")


def concerns_of(conditions: Sequence[Condition], who: Principal) -> Concerns:
    """Say which moves may be what is waited for."""
    me = who.participation_id
    return lambda move: any(condition.may_come_of(move, me) for condition in conditions)
