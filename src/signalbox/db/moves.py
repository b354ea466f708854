"""Moves: in which projects this process has acted, until somebody sees to what has to be done after acts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MANY: Final = 50  # acts of one project that are worth it at once
AGE_SECONDS: Final = 5.0  # after which any are
PROJECTS_MAX: Final = 100_000  # kept at most; the others wait for who looks at all projects


@dataclass(slots=True)
class _Moved:
    since: float
    acts: int = 0


class Moves:
    """The projects that have moved since they were taken last. An act costs an entry here.

    Seeing to a project has its price, however little has happened: so one counts as moved only after many acts, or a
    few seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._moved: dict[int, _Moved] = {}
        self._many: set[int] = set()

    def note(self, project_id: int, acts: int = 1) -> None:
        """Note some acts in a project."""
        moved = self._moved.get(project_id)
        if moved is None:
            if len(self._moved) >= PROJECTS_MAX:
                return
            moved = self._moved[project_id] = _Moved(self._clock())
        moved.acts += acts
        if moved.acts >= MANY:
            self._many.add(project_id)

    def take(self, count: int) -> list[int]:
        """Take some projects that it is time to see to: those with many acts, then the oldest."""
        due = self._clock() - AGE_SECONDS
        taken = [self._many.pop() for _ in range(min(count, len(self._many)))]
        for project_id in taken:
            del self._moved[project_id]
        for project_id, moved in self._moved.items():  # in the order in which they moved
            if len(taken) >= count or moved.since > due:
                break
            taken.append(project_id)
        for project_id in taken:
            self._moved.pop(project_id, None)
        return taken
