"""Conditions: what a call can wait for, and which moves of the ledger may bring it about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import to_json

from signalbox.db.rooms import Concerns, Move
from signalbox.domain.handoffs import Kind, Tag
from signalbox.domain.leases import Surface
from signalbox.identity import Principal
from signalbox.tool import ActorName, Args, Id, Lane, Line

FIELDS: Final[dict[str, frozenset[str]]] = {
    "post": frozenset({"from_", "lane", "tag", "kind"}),
    "ack": frozenset({"post_id"}),
    "surface": frozenset({"surface", "take"}),
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
    take: Annotated[bool | None, Field(description="Lease it, in the order of arrival.")] = None
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


def as_json(conditions: Sequence[Condition]) -> str:
    """Write conditions as `wait_look_v1` takes them; it leaves alone what is to be taken."""
    plain = [
        {"on": "take"} if condition.take else condition.model_dump(by_alias=True, exclude_none=True)
        for condition in conditions
    ]
    return to_json(plain).decode()


NO_POSTS: Final = frozenset({"ack", "claim", "seed", "lease", "release", "lease_wait"})
"""Types of events that bring nobody a post; so do those that begin with `task`."""
NO_TASKS: Final = frozenset({"post", "ack", "claim", "seed", "lease", "release", "lease_wait", "register"})
NO_SURFACES: Final = frozenset({"post", "ack", "claim", "seed", "register", "lease_wait"})


def may_free(move: Move) -> bool:
    """Say whether a move may have freed a surface."""
    return move.type not in NO_SURFACES and not move.type.startswith("task")


def concerns_of(conditions: Sequence[Condition], who: Principal) -> Concerns:
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
                return not condition.take and may_free(move)
            case "event":
                return all(
                    getattr(condition, name) in {None, getattr(move, name)}
                    for name in ("type", "ref", "tag", "sequence")
                )
            case "seq":
                return True

    return lambda move: any(may_be(condition, move) for condition in conditions)
