"""Marks: what was observed of posts on their way to recipients, kept in the process until it is written together."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MARKS_MAX: Final = 20_000  # kept at most; what comes on top of them is not marked

Place = tuple[int, int, int]
"""Where a mark belongs: project, participation, post. Sorted, they are in the order of the key."""


@dataclass
class Mark:
    """What was observed of one delivery, in seconds of this process's clock."""

    transport: str | None = None
    offered_at: float | None = None
    seen_at: float | None = None


class Marks:
    """The marks since they were taken last. A mark costs an entry here, never a write of its own.

    They are bookkeeping: what a process that is killed had not written is lost, and a mark that is not there says less
    than was observed, never more.
    """

    def __init__(self) -> None:
        self._kept: dict[Place, Mark] = {}

    def offered(self, project_id: int, participation_id: int, post_ids: Iterable[int], transport: str) -> None:
        """Note that posts were offered to a recipient; the first transport counts."""
        for mark in self._of(project_id, participation_id, post_ids):
            if mark.transport is None:
                mark.transport, mark.offered_at = transport, time.monotonic()

    def seen(self, project_id: int, participation_id: int, post_ids: Iterable[int]) -> None:
        """Note that a recipient was given posts to read."""
        for mark in self._of(project_id, participation_id, post_ids):
            mark.seen_at = mark.seen_at or time.monotonic()

    def take(self, count: int) -> list[tuple[Place, Mark]]:
        """Take the oldest marks, in the order of their key."""
        places = [place for place, _ in zip(self._kept, range(count), strict=False)]
        return sorted(((place, self._kept.pop(place)) for place in places), key=lambda taken: taken[0])

    def _of(self, project_id: int, participation_id: int, post_ids: Iterable[int]) -> Iterable[Mark]:
        for post_id in post_ids:
            place = (project_id, participation_id, post_id)
            mark = self._kept.get(place)
            if mark is None:
                if len(self._kept) >= MARKS_MAX:
                    return
                mark = self._kept[place] = Mark()
            yield mark
