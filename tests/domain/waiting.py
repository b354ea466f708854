"""Calls that wait, begun and known to be parked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from proofs.operators import until
from signalbox.db.waiters import Waiters
from support import Agent

ANSWER_SECONDS_MAX = 10

Answer = dict[str, Any]


def begun(agent: Agent, *conditions: Answer, **arguments: Any) -> asyncio.Task[Answer]:
    """Begin to wait, longer than any test does."""
    wanted = {"for": list(conditions)} if conditions else {}
    return asyncio.create_task(agent.call("wait", **{"timeout_seconds": 50} | wanted | arguments))


async def answer_of(call: asyncio.Task[Answer]) -> Answer:
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        return await call


async def fired_by(call: asyncio.Task[Answer]) -> list[Answer]:
    fired: list[Answer] = (await answer_of(call))["fired"]
    return fired


async def until_parked(waiters: Waiters, count: int, call: asyncio.Task[Answer] | None = None) -> None:
    """Wait until so many wait that have looked, or this call has been answered."""

    async def are_parked() -> bool:
        return waiters.parked >= count or (call is not None and call.done())

    await until(are_parked)


@asynccontextmanager
async def parked(agent: Agent, *conditions: Answer, **arguments: Any) -> AsyncIterator[asyncio.Task[Answer]]:
    """A wait that has looked and found nothing; it is ended with the block."""
    waiters = agent.database.waiters
    before = waiters.parked
    call = begun(agent, *conditions, **arguments)
    try:
        await until_parked(waiters, before + 1, call)
        assert not call.done(), call.result()
        yield call
    finally:
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)


@contextmanager
def late_wake_ups(waiters: Waiters) -> Iterator[None]:
    """Hear of nothing that moves until the block ends."""
    moved: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiters, "_note_moved", moved.append)
        yield
    for project_id in moved:
        waiters._note_moved(project_id)  # noqa: SLF001
