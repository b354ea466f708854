"""Callers who go on whatever happens to the database: they repeat what was refused, with its key, until it is done."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from proofs.wire import Wire

REFUSED_AT_MOST = 500  # calls of one caller, so that a server that stays away ends the test
PAUSE_SECONDS = 0.1
END_SECONDS_MAX = 60


class Load:
    """Writers and readers that call until they are told to stop."""

    def __init__(self, sequence: str) -> None:
        self.sequence = sequence
        self.numbers: dict[str, int] = {}
        """What each key was acknowledged with."""
        self.reads = 0
        self.answers: Counter[str | None] = Counter()
        self.slowest_seconds = 0.0
        self._is_over = False
        self._moved = asyncio.Event()

    @asynccontextmanager
    async def running(self, writers: Sequence[Wire], readers: Sequence[Wire]) -> AsyncIterator[None]:
        """Call for as long as the block lasts; at its end every act that was begun is carried through."""
        calling = [
            *(asyncio.create_task(self._write(f"{self.sequence}-{place}", wire)) for place, wire in enumerate(writers)),
            *(asyncio.create_task(self._read(wire)) for wire in readers),
        ]
        try:
            yield
            self._is_over = True
            async with asyncio.timeout(END_SECONDS_MAX):
                await asyncio.gather(*calling)
        finally:
            for call in calling:
                call.cancel()
            await asyncio.gather(*calling, return_exceptions=True)

    async def until_more(self, writes: int, reads: int = 0) -> None:
        """Wait until so many more writes and reads were answered."""
        written, read = len(self.numbers) + writes, self.reads + reads
        async with asyncio.timeout(END_SECONDS_MAX):
            while len(self.numbers) < written or self.reads < read:
                self._moved.clear()
                await self._moved.wait()

    async def until_refused(self, times: int) -> None:
        """Wait until so many more calls were refused."""
        refused = self.answers["unavailable"] + times
        async with asyncio.timeout(END_SECONDS_MAX):
            while self.answers["unavailable"] < refused:
                self._moved.clear()
                await self._moved.wait()

    async def _write(self, name: str, wire: Wire) -> None:
        number = 0
        while not self._is_over:
            number += 1
            key = f"{name}-{number}"
            self.numbers[key] = await self._until_done(wire, "claim", "number", idempotency_key=key)

    async def _read(self, wire: Wire) -> None:
        while not self._is_over:
            await self._until_done(wire, "whats_new", "head", limit=5)
            self.reads += 1

    async def _until_done(self, wire: Wire, tool: str, field: str, **arguments: str | int) -> int:
        for _ in range(REFUSED_AT_MOST):
            started = time.perf_counter()
            named = {"sequence": self.sequence} if tool == "claim" else {}
            answer = await wire.call(tool, **named, **arguments)
            self.slowest_seconds = max(self.slowest_seconds, time.perf_counter() - started)
            self.answers[answer.code] += 1
            self._moved.set()
            if answer.code is None:
                return int(answer[field])
            assert answer.code == "unavailable", answer
            assert answer.fields["retry_after_seconds"] == 1
            await asyncio.sleep(PAUSE_SECONDS)
        raise AssertionError(f"{tool} was refused {REFUSED_AT_MOST} times")

    async def assert_all_was_done_once(self, reader: Wire) -> None:
        """Find what was acknowledged, and nothing besides, in a ledger without a gap."""
        ledger = await reader.ledger()
        assert [event["id"] for event in ledger] == list(range(1, len(ledger) + 1))
        claims = [event["payload"] for event in ledger if event["type"] == "claim"]
        numbers = [claim["number"] for claim in claims if claim["sequence"] == self.sequence]
        assert numbers == list(range(1, len(numbers) + 1))
        assert sorted(self.numbers.values()) == numbers
