"""The chart of a project's activity: bars by hour, stacked by type, and the same numbers as a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from signalbox.domain.board import ACTIVITY_EVENTS_MAX, Activity

WIDTH: Final = 1000
HEIGHT: Final = 100
GAP: Final = 0.2  # of a bar's place
TYPES_MAX: Final = 5  # with a colour of their own; the rest is one more
REST: Final = "other types"
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Bar:
    """A part of an hour's bar, in units of the drawing; `colour` is the place of its type."""

    x: float
    y: float
    width: float
    height: float
    colour: int


@dataclass(frozen=True)
class Hour:
    """An hour of the table: its begin, and a count for each type."""

    start: datetime
    counts: list[int]


@dataclass(frozen=True)
class Chart:
    """What is drawn and what is said: types the most frequent first, hours the oldest first, quiet ones left out."""

    types: list[str]
    bars: list[Bar]
    hours: list[Hour]
    total: int
    most: int
    span_hours: int
    counted_since: datetime | None
    width: int = WIDTH
    height: int = HEIGHT
    events_max: int = ACTIVITY_EVENTS_MAX

    @property
    def sentence(self) -> str:
        """Say what it shows."""
        events = "1 event" if self.total == 1 else f"{self.total} events"
        named = f", mostly {self.types[0]}" if len(self.types) > 1 else ""
        return f"{events} in the last {self.span_hours} hours{named}; {self.most} in the busiest hour."


def chart_of(activity: Activity) -> Chart:
    """Draw the counts of some hours."""
    totals = Counter[str]()
    for one in activity.counts:
        totals[one.type] += one.count
    ranked = sorted(totals, key=lambda name: (-totals[name], name))
    place = {name: min(rank, TYPES_MAX) for rank, name in enumerate(ranked)}
    types = ranked[:TYPES_MAX] + [REST] * (len(ranked) > TYPES_MAX)
    by_hour: dict[datetime, list[int]] = {}
    for one in activity.counts:
        by_hour.setdefault(one.hour.astimezone(UTC), [0] * len(types))[place[one.type]] += one.count
    most = max((sum(counts) for counts in by_hour.values()), default=0)
    span_hours = round((activity.until - activity.since) / HOUR + 0.5)
    bars = [
        bar
        for start, counts in by_hour.items()
        for bar in _bars(counts, round((start - activity.since) / HOUR), span_hours, most)
    ]
    hours = [Hour(start, counts) for start, counts in sorted(by_hour.items())]
    since = activity.counted_since if activity.cut else None
    return Chart(types, bars, hours, totals.total(), most, span_hours, since)


def _bars(counts: list[int], hour: int, span_hours: int, most: int) -> list[Bar]:
    """Stack an hour's counts from the ground up."""
    place = WIDTH / span_hours
    bars = []
    ground = float(HEIGHT)
    for colour, count in enumerate(counts):
        height = HEIGHT * count / most
        ground -= height
        if count:
            x = place * (hour + GAP / 2)
            bars.append(Bar(round(x, 1), round(ground, 2), round(place * (1 - GAP), 1), round(height, 2), colour))
    return bars
