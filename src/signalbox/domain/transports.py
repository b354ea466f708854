"""Transports: the ways on which a post reaches a recipient who has not asked for it.

A transport is an entry in `TRANSPORTS` and whatever sends on it. It calls `offered` once what it sent has left this
server: a stream's bytes were taken, a wait was answered, a channel that had proved itself was rung, a hook was given
its context. No sooner, and not for who was not there: a state is only ever what was observed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from signalbox.db.statements import Executor
from signalbox.identity import Principal

Urgency = Literal["now", "when_idle", "info"]


@dataclass(frozen=True)
class Transport:
    """One way. `interrupts` says that it begins a turn of an agent that does nothing: nothing that can wait does."""

    words: str
    interrupts: bool

    def carries(self, urgency: Urgency | None) -> bool:
        """Say whether a post of this urgency may go this way; without one it is `when_idle`."""
        return not self.interrupts or urgency != "info"


TRANSPORTS: Final[dict[str, Transport]] = {
    "stream": Transport("on an open stream", interrupts=False),
    "wait": Transport("as the answer of a wait", interrupts=False),
    "channel": Transport("on a channel", interrupts=True),
    "hook": Transport("in a hook", interrupts=False),
}
"""All of them, by the name that receipts show; `words` follow "offered" on pages."""


def offered(db: Executor, who: Principal, transport: str, post_ids: Iterable[int]) -> None:
    """Note that posts were offered to a recipient on a transport. Written within a second, for all together."""
    if transport not in TRANSPORTS:
        raise ValueError(f"{transport!r} is no transport: give it an entry in TRANSPORTS")
    db.marks.offered(who.project_id, who.participation_id, post_ids, transport)


def seen(db: Executor, who: Principal, post_ids: Iterable[int]) -> None:
    """Note that a recipient was given posts to read. Posts that were not sent to it are passed over."""
    db.marks.seen(who.project_id, who.participation_id, post_ids)
