"""Readers that follow the ledger while many write: every event once, in order, none missing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import count

from proofs.figures import figure
from proofs.wire import Wire, at_once, wires
from support import Project, ServerProcess

EVENTS = 20_000
WRITERS = 10
POLL_SECONDS = (0.001, 0.05, 0.25)

Follow = Callable[[Wire, list[int]], Awaitable[None]]


class Work:
    """Acts that the writers share, and how far the ledger goes once they are done."""

    def __init__(self, acts: int) -> None:
        self.left: Iterator[int] = iter(range(acts))
        self.writing = WRITERS
        self.head: int | None = None

    async def write(self, wire: Wire) -> None:
        """Claim and post in turn until nothing is left; each makes one event."""
        for number in self.left:
            if number % 2:
                answer = await wire.call("post", to_lane="nobody", body=f"event {number}")
            else:
                answer = await wire.call("claim", sequence="adr")
            assert answer.code is None, answer
        self.writing -= 1
        if not self.writing:
            self.head = (await wire.call("whats_new", advance_cursor=False, limit=1))["head"]


async def whats_new(wire: Wire, seen: list[int]) -> None:
    page = await wire.call("whats_new", limit=500)
    seen += [event["id"] for event in page["events"]]


async def query_events(wire: Wire, seen: list[int]) -> None:
    page = await wire.call("query_events", after=seen[-1] if seen else 0, limit=1000)
    seen += [event["id"] for event in page["events"]]


async def follow(work: Work, wire: Wire, read: Follow, poll_seconds: float) -> list[int]:
    """Read on at intervals until the end of the ledger, and once more."""
    seen: list[int] = []
    while work.head is None or not seen or seen[-1] < work.head:
        await read(wire, seen)
        await asyncio.sleep(poll_seconds)
    await read(wire, seen)
    return seen


async def test_every_reader_sees_each_of_20000_events_once_and_in_order(
    two_workers: ServerProcess, project: Project
) -> None:
    names = count(1)
    writers = [(await project.join(f"writer-{next(names)}")).token for _ in range(WRITERS)]
    readers = [(await project.join(f"reader-{next(names)}")).token for _ in POLL_SECONDS]
    work = Work(EVENTS)
    started = time.perf_counter()

    async with (
        wires(two_workers, writers[1:]) as rest,
        wires(two_workers, [*writers[:1], *readers], mcp=True) as mcp,
        wires(two_workers, readers) as followers,
    ):
        followed = [
            *(follow(work, wire, whats_new, pause) for wire, pause in zip(mcp[1:], POLL_SECONDS, strict=True)),
            *(follow(work, wire, query_events, pause) for wire, pause in zip(followers, POLL_SECONDS, strict=True)),
        ]
        written = [work.write(wire) for wire in (*rest, mcp[0])]
        answers = await at_once([*followed, *written])

    figure(f"{EVENTS} events, {WRITERS} writers, 3 readers following twice: {time.perf_counter() - started:.1f} s")
    assert work.head is not None
    assert work.head >= EVENTS
    for seen in answers[: len(followed)]:
        assert seen == list(range(1, work.head + 1))
