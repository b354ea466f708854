"""`kill -9` under load: nothing is left running, and everything that was acknowledged is there."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from proofs.figures import figure
from proofs.processes import Watched, command_of, data_directory, family, workers_of
from proofs.starting import start, up
from proofs.wire import Wire, wires
from support import Project, serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are told from /proc, as Linux has it")

WRITERS = 8
ACKNOWLEDGED_BEFORE = 300
GONE_SECONDS_MAX = 10
LOAD_SECONDS_MAX = 60


class Load:
    """Claims by several writers at once; remembers which numbers were acknowledged."""

    def __init__(self, sequence: str) -> None:
        self.sequence = sequence
        self.acknowledged: list[int] = []
        self.enough = asyncio.Event()
        self.killed_at = 0.0

    async def write(self, wire: Wire) -> None:
        """Claim until the connection ends."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                answer = await wire.call("claim", sequence=self.sequence)
                if answer.code is None:
                    self.acknowledged.append(answer["number"])
                if len(self.acknowledged) >= ACKNOWLEDGED_BEFORE:
                    self.enough.set()

    async def until_killed(self, connections: list[Wire], pid: int, watched: Watched) -> None:
        """Write on many connections, and kill a process in the middle of it; ends when all of them have ended."""
        writing = [asyncio.ensure_future(self.write(wire)) for wire in connections]
        async with asyncio.timeout(LOAD_SECONDS_MAX):
            await self.enough.wait()
        os.kill(pid, signal.SIGKILL)
        self.killed_at = time.monotonic()
        _, unfinished = await asyncio.wait(writing, timeout=GONE_SECONDS_MAX)
        if unfinished:
            watched.kill()
            raise AssertionError(f"{len(unfinished)} connections are still served")

    async def assert_all_is_there(self, reader: Wire) -> None:
        """Look up every acknowledged number in a ledger that has no gap."""
        ledger = await reader.ledger()
        assert [event["id"] for event in ledger] == list(range(1, len(ledger) + 1))
        claims = [event["payload"] for event in ledger if event["type"] == "claim"]
        numbers = [claim["number"] for claim in claims if claim["sequence"] == self.sequence]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(set(self.acknowledged)) == len(self.acknowledged) >= ACKNOWLEDGED_BEFORE
        assert set(self.acknowledged) <= set(numbers)
        assert len(numbers) - len(self.acknowledged) <= WRITERS


@pytest.fixture(scope="module")
def home() -> Iterator[tuple[Path, str]]:
    """A data directory that `up` has set up, and the token it printed."""
    with data_directory() as data:
        with up(data) as (_, facts):
            pass
        yield data, facts["token"]


@pytest.mark.parametrize(("command", "workers"), [("serve", 1), ("up", 2)])
async def test_a_killed_server_on_the_embedded_database_leaves_no_process_and_loses_nothing(
    home: tuple[Path, str], command: str, workers: int
) -> None:
    data, token = home
    load = Load(f"{command}-{workers}")
    server = start(command, data, "--workers", str(workers))
    try:
        server.wait_until_ready()
        watched = Watched([server.process.pid, *family(server.process.pid)])
        assert sum("postgres" in command_of(pid) for pid in family(server.process.pid)) > 3
        assert len(workers_of(server.process.pid)) == (workers if workers > 1 else 0)
        async with wires(server, [token] * WRITERS) as connections:
            await load.until_killed(connections, server.process.pid, watched)
        watched.wait_until_gone(GONE_SECONDS_MAX)
        figure(f"{command} with {workers}: all gone {time.monotonic() - load.killed_at:.2f} s after the kill")
    finally:
        server.stop()

    with up(data, port=server.port) as (again, facts):
        assert "token" not in facts
        async with wires(again, [token]) as (wire,):
            await load.assert_all_is_there(wire)


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_killed_server_on_an_external_database_leaves_no_process_and_loses_nothing(
    database_url: str, project: Project, tmp_path: Path, workers: int
) -> None:
    tokens = [(await project.join(f"writer-{number}")).token for number in range(WRITERS)]
    load = Load("adr")
    with serving(database_url, tmp_path, workers=workers) as server:
        watched = Watched([server.process.pid, *family(server.process.pid)])
        async with wires(server, tokens) as connections:
            await load.until_killed(connections, server.process.pid, watched)
        watched.wait_until_gone(GONE_SECONDS_MAX)
        figure(f"serve with {workers}: all gone {time.monotonic() - load.killed_at:.2f} s after the kill")

    with serving(database_url, tmp_path) as again:
        async with wires(again, tokens[:1]) as (wire,):
            await load.assert_all_is_there(wire)


async def test_a_killed_worker_is_replaced_while_the_other_one_serves_on(
    database_url: str, project: Project, tmp_path: Path
) -> None:
    tokens = [(await project.join(f"writer-{number}")).token for number in range(WRITERS)]
    load = Load("adr")
    with serving(database_url, tmp_path, workers=2) as server:
        first, second = workers_of(server.process.pid)
        async with wires(server, tokens) as connections:
            of_first, of_second = connections[::2], connections[1::2]
            serving_on = [asyncio.ensure_future(load.write(wire)) for wire in of_second]
            await load.until_killed(of_first, first, Watched([first]))
            acknowledged_by_then = len(load.acknowledged)
            await _until(lambda: len(workers_of(server.process.pid)) == 2)
            assert second in workers_of(server.process.pid)
            assert first not in workers_of(server.process.pid)
            await _until(lambda: len(load.acknowledged) > acknowledged_by_then + 100)
            assert not any(task.done() for task in serving_on)
            async with wires(server, tokens[:2]) as on_both:  # the new worker accepts and answers
                assert [(await wire.call("whoami")).code for wire in on_both] == [None, None]
        await asyncio.gather(*serving_on)
        async with wires(server, tokens[:1]) as (wire,):
            await load.assert_all_is_there(wire)
        assert server.stop() == 0


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(LOAD_SECONDS_MAX):
        while not holds():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.02)
