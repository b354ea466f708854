"""How much a quiet project suffers beside a flooded one.

    .venv/bin/python tests/perf/fairness.py [--workers 1] [--callers 64] [--calls 300] [--rounds 3]

One caller of a quiet project posts, acks and reads its digest over MCP, over and over: alone; while another project is
flooded on another server and database of this machine ("apart"); and while it is flooded on the quiet one's own
("beside"). So apart beside alone is what sharing the machine costs, and beside beside apart what sharing the server
does. In the flood many callers post as fast as they are answered; they stand for other machines, so their process has
the lowest priority. For each round it prints the quiet caller's latencies in milliseconds, the flood's calls per
second, and how busy each process was, in percent of one core, and at the end all rounds taken together. Not part of
the test run: it measures the machine too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from perf.bench import cpu_seconds, percentile, postgres
from proofs.wire import Answer, Wire
from signalbox.config import load_settings
from signalbox.db.pool import Database
from support import Agent, make_project, serving

ROW = "{:<8}{:>8}{:>8}{:>8}{:>10}{:>9}{:>10}{:>8}{:>8}\n"
TOGETHER = "{:<8}{:>8}{:>8}{:>8}   {}\n"
SHARES = (0.5, 0.99, 1)
LOWEST_PRIORITY = 19
BODY = "a handoff of ordinary length"

write = sys.stdout.write


@dataclass(frozen=True)
class Site:
    """A server with its database."""

    port: int
    dsn: str
    pids: dict[str, int]

    async def agents(self, count: int) -> list[Agent]:
        """Make so many, in a project of their own."""
        async with Database(load_settings({}, database_url=self.dsn)) as opened:
            project = await make_project(opened)
            return [await project.join(f"agent-{number}") for number in range(count)]


@contextmanager
def site(workers: int) -> Iterator[Site]:
    """Have one for as long as the block lasts."""
    with (
        postgres() as database,
        tempfile.TemporaryDirectory() as directory,
        serving(database.dsn, Path(directory), workers=workers) as server,
    ):
        yield Site(server.port, database.dsn, {"server": server.process.pid, "database": database.pid})


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
    os.nice(LOWEST_PRIORITY)
    answered = 0
    callers = [Wire(port, token, mcp=True) for token in tokens]
    for caller in callers:
        await caller.open()

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


class Quiet:
    """The caller of the quiet project, and the latencies it has seen, in seconds."""

    def __init__(self, wire: Wire, actor: str, here: Site) -> None:
        self._wire = wire
        self._actor = actor
        self._here = here
        self.seen: dict[str, list[float]] = {}

    async def row(self, name: str, calls: int, other: Flood | None = None) -> None:
        """Call so often, and print how it went."""
        known = self._here.pids | ({"flood": other.pid} if other else {})
        answered = other.answered() if other else 0
        before = {process: cpu_seconds(pid) for process, pid in known.items()}
        own, start = time.process_time(), time.perf_counter()
        ordered = await quiet_calls(self._wire, self._actor, calls)
        seconds = time.perf_counter() - start
        used = {process: cpu_seconds(pid) - before[process] for process, pid in known.items()}
        used |= {"quiet": time.process_time() - own}
        rate = (other.answered() - answered) / seconds if other else 0
        shares = [f"{percentile(ordered, share):.1f}" for share in SHARES]
        busy = [f"{used.get(process, 0) / seconds:.0%}" for process in ("server", "database", "flood", "quiet")]
        write(ROW.format(name, *shares, f"{rate:.0f}", *busy))
        sys.stdout.flush()
        self.seen.setdefault(name, []).extend(ordered)

    def show_together(self) -> None:
        """Print all rounds as one, and how many times the latencies of the quiet one alone they are."""
        alone = [percentile(sorted(self.seen["alone"]), share) for share in SHARES]
        write("all rounds\n")
        for name, seen in self.seen.items():
            found = [percentile(sorted(seen), share) for share in SHARES]
            ratios = " ".join(f"{one / of:.2f}" for one, of in zip(found, alone, strict=True))
            write(TOGETHER.format(name, *(f"{one:.1f}" for one in found), f"x {ratios}"))


async def measure(options: argparse.Namespace, here: Site, elsewhere: Site | None) -> None:
    """Measure round by round, and print a row for each with a flood and one without it."""
    (agent,) = await here.agents(1)
    sites = {"beside": here} if elsewhere is None else {"apart": elsewhere, "beside": here}
    floods = {
        name: (where.port, [one.token for one in await where.agents(options.callers)]) for name, where in sites.items()
    }
    wire = Wire(here.port, agent.token, mcp=True)
    await wire.open()
    quiet = Quiet(wire, agent.actor, here)
    await quiet_calls(wire, agent.actor, 30)
    write(ROW.format("", "p50", "p99", "max", "flood/s", "server", "database", "flood", "quiet"))
    for _ in range(options.rounds):
        await quiet.row("alone", options.calls)
        for name, (port, tokens) in floods.items():
            with flooding(port, tokens) as other:
                while other.answered() < options.callers * 10:  # noqa: ASYNC110 - it is another process
                    await asyncio.sleep(0.05)
                await quiet.row(name, options.calls, other)
    quiet.show_together()
    await wire.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a quiet project beside a flooded one.")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-apart", action="store_true")
    parser.add_argument("--flood", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.flood:
        asyncio.run(flood(*json.loads(options.flood)))
        return
    with ExitStack() as sites:
        here = sites.enter_context(site(options.workers))
        elsewhere = None if options.without_apart else sites.enter_context(site(options.workers))
        asyncio.run(measure(options, here, elsewhere))


if __name__ == "__main__":
    main()
