"""Rooms: who of a worker waits in a project, and what they are told of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Self

from signalbox.db.notify import Wake
from signalbox.identity import Principal


@dataclass(frozen=True, slots=True)
class Move:
    """An event, as far as one must know it to tell whether it may be what somebody waits for."""

    type: str
    participation_id: int
    """Who acted."""
    ref: str | None
    tag: str | None
    sequence: str | None
    acked: Collection[int]
    """The posts that it acks."""
    recipients: Collection[int]
    """Of a post: who of those that wait has it."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read it from a row of `moves_v1`."""
        return cls(
            row["type"],
            row["participation_id"],
            row["ref"],
            row["tag"],
            row["sequence"],
            row["acked"] or (),
            frozenset(row["recipients"] or ()),
        )


Concerns = Callable[[Move], bool]
"""Says whether a move may be what a waiter waits for. When in doubt it may: a look too many is harmless."""


class Waiter(Wake):
    """One call that waits."""

    def __init__(self, who: Principal, session_key: bytes | None, concerns: Concerns, room: Room) -> None:
        super().__init__()
        self.who = who
        self.session_key = session_key
        self.concerns = concerns
        self.turns: set[str] = set()
        """The surfaces that it is its turn to take."""
        self.is_over = False
        """Whether the server stops: it is to answer now."""
        self.is_parked = False
        """Whether it has looked."""
        self._room = room

    def knows(self, head: int) -> None:
        """Say how far the ledger was when it looked: what comes after that is told."""
        room = self._room
        if room.seq is None:
            room.seq = room.first_seq = head
            room.asks_turns = True  # up to here nobody in line was told of anything
        elif head < room.first_seq:
            self.wake()
        self.is_parked = True

    def stands_in_line(self, surface: str, concerns: Concerns) -> None:
        """Be woken when it is its turn to take a surface; `concerns` says which moves may make it so.

        Leases run out, too, so it is asked every few seconds besides. The place in the line outlives the waiter by two
        minutes: who waits again has it still.
        """
        self._room.lines[self, surface] = concerns


@dataclass
class Room:
    """The waiters of one project."""

    project_id: int
    watching: AbstractContextManager[None]
    seq: int | None = None
    """What happened up to here was told; None until somebody has looked."""
    first_seq: int = 0
    """What happened up to here was told to nobody: whoever looked before it did looks again."""
    waiters: dict[Waiter, None] = field(default_factory=dict)
    lines: dict[tuple[Waiter, str], Concerns] = field(default_factory=dict)
    """Who stands in line for which surface."""
    asks_turns: bool = False
    """Whether it may be another one's turn than before."""
    asked_turns_at: float = 0.0

    def tell(self, move: Move, known: Collection[Waiter]) -> None:
        """Wake whom a move may concern. Of those who were not `known` when it was read, its recipients do not tell."""
        for waiter in self.waiters:
            if waiter not in known or waiter.concerns(move):
                waiter.wake()
        self.asks_turns = self.asks_turns or any(concerns(move) for concerns in self.lines.values())

    def wake_all(self) -> None:
        """Let everybody look."""
        for waiter in self.waiters:
            waiter.wake()
