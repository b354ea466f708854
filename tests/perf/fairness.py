"""How much a quiet project suffers beside a flooded one.

    .venv/bin/python tests/perf/fairness.py [--workers 1] [--callers 64] [--calls 300] [--rounds 3]

One caller of a quiet project posts, acks and reads its digest over MCP, over and over: alone, and then beside another
project in which many callers post as fast as they are answered. Server, database and flood run in processes of their
own. For each round it prints the quiet caller's latencies in milliseconds, the flood's calls per second, and how busy
each process was, in percent of one core. Not part of the test run: it measures the machine too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from perf.bench import cpu_seconds, percentile, postgres
from proofs.wire import Answer, Wire
from signalbox.config import load_settings
from signalbox.db.pool import Database
from support import make_project, serving

ROW = "{:<8}{:>8}{:>8}{:>8}{:>10}{:>9}{:>10}{:>8}{:>8}\n"
BODY = "a handoff of ordinary length"


class Flood:
    """The callers of the other project, in a process of their own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid = process.pid

    def answered(self) -> int:
        """Ask how many calls were answered so far."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def flooding(port: int, tokens: list[str]) -> Iterator[Flood]:
    """Flood for as long as the block lasts."""
    command = [sys.executable, __file__, "--flood", json.dumps([port, tokens])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Flood(process)
        finally:
            process.kill()


async def flood(port: int, tokens: list[str]) -> None:
    """Post with every token as fast as is answered; for each line of standard input say how many calls that were."""
    answered = 0
    callers = [await Wire(port, token, mcp=True).open() for token in tokens]

    async def go(wire: Wire) -> None:
        nonlocal answered
        while (await wire.call("post", to_lane="flood", body=BODY)).code is None:
            answered += 1

    going = [asyncio.create_task(go(wire)) for wire in callers]
    while await asyncio.to_thread(sys.stdin.readline):
        sys.stdout.write(f"{answered}\n")
        sys.stdout.flush()
    for task in going:
        task.cancel()


async def quiet_calls(wire: Wire, actor: str, count: int) -> list[float]:
    """Post, ack and look what is new, one after the other; answers the latencies in order of size, in seconds."""
    found: list[float] = []

    async def timed(tool: str, **arguments: str | int) -> Answer:
        start = time.perf_counter()
        answer = await wire.call(tool, **arguments)
        found.append(time.perf_counter() - start)
        return answer

    while len(found) < count:
        posted = await timed("post", to_actor=actor, body=BODY)
        await timed("ack", post_id=posted["post_id"])
        await timed("whats_new", limit=10)
    return sorted(found)


async def measure(options: argparse.Namespace, port: int, pids: dict[str, int], dsn: str) -> None:
    """Measure round by round, and print a row for each with the flood and one without it."""
    async with Database(load_settings({}, database_url=dsn)) as opened:
        busy, calm = await make_project(opened), await make_project(opened)
        tokens = [(await busy.join(f"agent-{number}")).token for number in range(options.callers)]
        agent = await calm.join("quiet")
    quiet = await Wire(port, agent.token, mcp=True).open()
    await quiet_calls(quiet, agent.actor, 30)
    sys.stdout.write(ROW.format("", "p50", "p99", "max", "flood/s", "server", "database", "flood", "quiet"))

    async def row(name: str, other: Flood | None) -> None:
        known = pids | ({"flood": other.pid} if other else {})
        answered = other.answered() if other else 0
        before = {process: cpu_seconds(pid) for process, pid in known.items()}
        own, start = time.process_time(), time.perf_counter()
        ordered = await quiet_calls(quiet, agent.actor, options.calls)
        seconds = time.perf_counter() - start
        used = {process: cpu_seconds(pid) - before[process] for process, pid in known.items()}
        used |= {"quiet": time.process_time() - own}
        rate = (other.answered() - answered) / seconds if other else 0
        shares = [f"{percentile(ordered, share):.1f}" for share in (0.5, 0.99, 1)]
        busy = [f"{used.get(process, 0) / seconds:.0%}" for process in ("server", "database", "flood", "quiet")]
        sys.stdout.write(ROW.format(name, *shares, f"{rate:.0f}", *busy))
        sys.stdout.flush()

    for _ in range(options.rounds):
        await row("alone", None)
        with flooding(port, tokens) as other:
            while other.answered() < options.callers * 10:  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.05)
            await row("beside", other)
    await quiet.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a quiet project beside a flooded one.")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flood", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.flood:
        asyncio.run(flood(*json.loads(options.flood)))
        return
    with (
        postgres() as database,
        tempfile.TemporaryDirectory() as directory,
        serving(database.dsn, Path(directory), workers=options.workers) as server,
    ):
        pids = {"server": server.process.pid, "database": database.pid}
        asyncio.run(measure(options, server.port, pids, database.dsn))


if __name__ == "__main__":
    main()
