"""The chart: bars that stand where their hours are, and the same numbers as a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from signalbox.domain.board import Activity, HourOfType
from signalbox.edge.admin.chart import HEIGHT, REST, WIDTH, chart_of

UNTIL = datetime(2030, 1, 2, 11, 20, tzinfo=UTC)
SINCE = datetime(2030, 1, 1, 12, tzinfo=UTC)


def activity(*counts: tuple[int, str, int], cut: bool = False) -> Activity:
    hours = [HourOfType(hour=SINCE + timedelta(hours=hour), type=kind, count=count) for hour, kind, count in counts]
    return Activity(since=SINCE, until=UNTIL, cut=cut, counted_since=SINCE if cut else None, counts=hours)


def test_a_quiet_day_has_no_bars() -> None:
    chart = chart_of(activity())

    assert (chart.bars, chart.hours, chart.total) == ([], [], 0)
    assert chart.sentence == "0 events in the last 24 hours; 0 in the busiest hour."


def test_bars_stand_at_their_hours_and_stack_to_the_count() -> None:
    chart = chart_of(activity((0, "ack", 2), (0, "post", 6), (23, "post", 4)))
    first = [bar for bar in chart.bars if bar.x < WIDTH / 24]

    assert chart.types == ["post", "ack"]
    assert [(bar.colour, bar.y, bar.height) for bar in first] == [(0, 25.0, 75.0), (1, 0.0, 25.0)]
    assert [bar.x + bar.width < WIDTH for bar in chart.bars] == [True] * 3
    assert max(bar.x for bar in chart.bars) > WIDTH * 23 / 24
    assert [hour.counts for hour in chart.hours] == [[6, 2], [4, 0]]
    assert chart.sentence == "12 events in the last 24 hours, mostly post; 8 in the busiest hour."


def test_rare_types_share_one_colour_and_no_event_is_lost() -> None:
    chart = chart_of(activity(*((hour, f"type-{kind}", kind) for hour in range(24) for kind in range(1, 16))))

    assert chart.types == [*(f"type-{kind}" for kind in range(15, 10, -1)), REST]
    assert {bar.colour for bar in chart.bars} == set(range(6))
    assert sum(sum(hour.counts) for hour in chart.hours) == chart.total == 24 * sum(range(1, 16))
    assert all(0 <= bar.y <= HEIGHT and 0 < bar.height <= HEIGHT for bar in chart.bars)


def test_it_says_since_when_it_counts_when_there_was_too_much() -> None:
    assert chart_of(activity((0, "post", 1), cut=True)).counted_since == SINCE
    assert chart_of(activity((0, "post", 1))).counted_since is None
