"""The connection for wake-ups: what is told on it, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from proofs.operators import until
from signalbox.config import Settings
from signalbox.db import notify, pool
from signalbox.db.notify import EVERYTHING, PROJECTS_TOLD_MAX, Wakeups
from signalbox.db.pool import Database
from signalbox.db.statements import Statement
from signalbox.errors import SetupError


class FakeLine:
    """A connection on which what is told can be looked at, and which can break."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.told: list[str] = []
        self.is_broken = False
        self.hear: Callable[..., None] = print

    async def fetchval(self, *_statement: str, **_bounds: float) -> int:
        return self.pid

    def add_termination_listener(self, ended: object) -> None:
        pass

    async def add_listener(self, _channel: str, hear: Callable[..., None]) -> None:
        self.hear = hear

    async def execute(self, statement: str, **_bounds: float) -> None:
        if self.is_broken:
            raise ConnectionError("broken")
        self.told.append(statement)

    async def close(self, **_bounds: float) -> None:
        pass


async def test_what_a_breaking_connection_did_not_tell_the_next_one_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "PAUSES_SECONDS", (0.0,))
    first, second = FakeLine(1), FakeLine(2)
    first.is_broken = True
    fakes = iter([first, second])

    async def connect() -> notify.Line:
        return cast("notify.Line", next(fakes))

    wakeups = Wakeups(connect)
    async with wakeups.listening():
        wakeups.moved(8)
        wakeups.moved(7)

        async def is_told() -> bool:
            return second.told == ["notify signalbox, '7,8'"]

        await until(is_told)


async def test_a_burst_is_told_together_and_not_heard_by_who_told_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of it is told at once, the rest after a pause."""
    monkeypatch.setattr(notify, "TELL_SECONDS", 3600)
    monkeypatch.setattr(notify, "TELL_SECONDS_MAX", 3600)
    line = FakeLine(1)

    async def connect() -> notify.Line:
        return cast("notify.Line", line)

    wakeups = Wakeups(connect)
    async with wakeups.listening():
        for _ in range(100):
            wakeups.moved(7)
            wakeups.moved(8)
            await asyncio.sleep(0)
        with wakeups.watching(7) as wake:
            line.hear(line, 1, "signalbox", "7")
            woken_by_itself = await wake.wait(0)
            line.hear(line, 2, "signalbox", "7")
            woken_by_another = await wake.wait(0)

    assert line.told == ["notify signalbox, '7,8'"]
    assert not woken_by_itself
    assert woken_by_another


async def test_the_more_acts_are_told_at_once_the_longer_the_next_ones_are_gathered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def noted_sleep(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", noted_sleep)
    line = FakeLine(1)

    async def connect() -> notify.Line:
        return cast("notify.Line", line)

    wakeups = Wakeups(connect)
    async with wakeups.listening():
        for number, acts in enumerate((1, 3, 32, 1), start=1):
            wakeups.moved(7, acts)
            while len(pauses) < number:
                await sleep(0)

    assert pauses == [0.005, 0.015, 0.02, 0.005]


async def nowhere() -> notify.Line:
    raise OSError("there is none")


async def test_what_is_told_is_bounded() -> None:
    """PostgreSQL takes payloads below 8,000 bytes: when more projects moved than fit in, everybody looks."""
    wakeups = Wakeups(nowhere)
    for project_id in range(PROJECTS_TOLD_MAX):
        wakeups.moved(9_000_000_000_000_000_000 + project_id)
    named = wakeups.take_untold()
    for project_id in range(10 * PROJECTS_TOLD_MAX):
        wakeups.moved(project_id + 1)

    assert named is not None
    assert len(named) < 8000
    assert len(named.split(",")) == PROJECTS_TOLD_MAX
    assert wakeups.take_untold() == EVERYTHING
    assert wakeups.take_untold() is None


async def test_a_pool_whose_connections_share_a_backend_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a pooler in transaction mode has it: the tenant that one statement sets would be another caller's."""
    look = pool.STATEMENTS["look"]
    shared = look.text.replace("pg_backend_pid()", "7")
    monkeypatch.setitem(pool.STATEMENTS, "look", Statement("look", shared, ()))
    monkeypatch.setitem(pool.STATEMENTS, "backend", Statement("backend", "select 7", ()))

    with pytest.raises(SetupError, match="transaction mode"):
        async with Database(settings):
            pass
