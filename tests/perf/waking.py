"""How soon a parked `wait` is answered, and what parked waits cost.

    .venv/bin/python tests/perf/waking.py [--waiters 200] [--posts 600] [--per-second 50] [--parked 1000] [--acts 2000]

Two servers of one worker each share a database. Agents wait at one of them, each for a post to it; others post at the
other one, evenly. What counts is the time from sending a post until the wait that it is for is answered, with the
client's own share; the waits of one worker are answered by wake-ups of another. Then as many waits as there may be are
parked in one worker, nothing happens, and it is looked how much memory and processor they take. At last, acts are done
where nobody waits, with and without telling other processes of them, and their processor time is compared. Not part of
the test run: it measures the machine too. On a busy one, run it as `chrt -f 5 .venv/bin/python …` (root).
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from perf.bench import cpu_seconds, percentile, postgres
from proofs.wire import Wire, wires
from signalbox.config import load_settings
from signalbox.db.pool import Database
from support import Agent, ServerProcess, make_project, serving

BODY = "a handoff of ordinary length"
IDLE_SECONDS = 15
CALLERS = 16
ROUNDS = 5
write = sys.stdout.write


def memory_bytes(pid: int) -> int:
    """Answer how much of a process is in memory and its own."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the kernel does not say")


async def agents_of(dsn: str, count: int, projects: int = 1) -> list[Agent]:
    """Make as many, spread over as many projects."""
    async with Database(load_settings({}, database_url=dsn)) as opened:
        made = [await make_project(opened) for _ in range(projects)]
        return [await made[number % projects].join(f"agent-{number}") for number in range(count)]


class Waiting:
    """One agent that waits for posts to it, one wait after the other."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.heard_at: dict[int, float] = {}
        """By post; a wait may well be answered before the post itself is."""

    async def run(self) -> None:
        """Note for each post when it was heard of first."""
        cursor = (await self._wire.call("wait", timeout_seconds=0))["cursor"]
        while True:
            answer = await self._wire.call("wait", after=cursor, timeout_seconds=50)
            heard_at = time.perf_counter()
            for fired in answer["fired"]:
                for post_id in fired["post_ids"]:
                    self.heard_at.setdefault(post_id, heard_at)
            cursor = answer["cursor"]


async def post_evenly(
    posters: list[Wire], names: list[str], count: int, per_second: float
) -> dict[int, tuple[float, float]]:
    """Post to one after the other, at a steady pace whatever it takes; answers when each was sent and was answered."""
    began, sent = time.perf_counter(), dict[int, tuple[float, float]]()
    free: asyncio.Queue[Wire] = asyncio.Queue()
    for poster in posters:
        free.put_nowait(poster)

    async def post(number: int) -> None:
        to_actor, wire, sent_at = names[number % len(names)], await free.get(), time.perf_counter()
        posted = await wire.call("post", to_actor=to_actor, body=BODY)
        sent[posted["post_id"]] = sent_at, time.perf_counter()
        free.put_nowait(wire)

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
            group.create_task(post(number))
    return sent


async def wake(dsn: str, servers: list[ServerProcess], options: argparse.Namespace) -> None:
    """Measure how soon waits are answered."""
    agents = await agents_of(dsn, options.waiters + 8)
    waiters, posters = agents[: options.waiters], agents[options.waiters :]
    async with (
        wires(servers[0], [agent.token for agent in posters]) as sending,
        wires(servers[1], [agent.token for agent in waiters]) as listening,
    ):
        waiting = {agent.actor: Waiting(wire) for agent, wire in zip(waiters, listening, strict=True)}
        calls = [asyncio.create_task(one.run()) for one in waiting.values()]
        await asyncio.sleep(2)
        before, began = [cpu_seconds(server.process.pid) for server in servers], time.perf_counter()
        sent = await post_evenly(sending, list(waiting), options.posts, options.per_second)
        await asyncio.sleep(1)
        took = time.perf_counter() - began
        busy = [
            (cpu_seconds(server.process.pid) - was) / took * 100 for server, was in zip(servers, before, strict=True)
        ]
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    heard = {post_id: at for one in waiting.values() for post_id, at in one.heard_at.items()}
    write(
        f"{len(heard)} of {options.posts} posts were heard of by {options.waiters} who wait, {options.per_second} a "
        f"second; posting worker {busy[0]:.1f} %, waiting worker {busy[1]:.1f} % of a core; milliseconds from sending\n"
    )
    _show("a post until it is answered", [answered - begun for begun, answered in sent.values()])
    _show("a post until its wait is answered", [at - sent[post_id][0] for post_id, at in heard.items()])
    _show("the wait, after the post was answered", [at - sent[post_id][1] for post_id, at in heard.items()])


def _show(what: str, seconds: list[float]) -> None:
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1}
    figures = ", ".join(f"{name} {percentile(sorted(seconds), share):.1f}" for name, share in shares.items())
    write(f"  {what}: {figures}\n")


async def park(dsn: str, server: ServerProcess, database_pid: int, options: argparse.Namespace) -> None:
    """Measure what waits cost for which nothing happens."""
    agents = await agents_of(dsn, options.parked, projects=options.projects)
    async with wires(server, [agent.token for agent in agents]) as opened:
        pids = server.process.pid, database_pid
        memory = memory_bytes(pids[0])
        calls = [asyncio.create_task(wire.call("wait", timeout_seconds=50)) for wire in opened]
        await asyncio.sleep(6)
        grown = (memory_bytes(pids[0]) - memory) / 1024**2
        before = [cpu_seconds(pid) for pid in pids]
        await asyncio.sleep(IDLE_SECONDS)
        busy = [(cpu_seconds(pid) - was) / IDLE_SECONDS * 100 for pid, was in zip(pids, before, strict=True)]
        over = sum(call.done() for call in calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    write(
        f"{options.parked} parked in {options.projects} projects ({over} answered): {grown:.1f} MB more, "
        f"worker {busy[0]:.2f} %, PostgreSQL {busy[1]:.2f} % of a core\n"
    )


async def act(dsn: str, database_pid: int, count: int) -> None:
    """Measure what it costs acts that others are told of them."""
    (agent,) = await agents_of(dsn, 1)
    cost: dict[bool, list[float]] = {True: [], False: []}
    for tells in (True, False) * ROUNDS:
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(Database(load_settings({}, database_url=dsn)))
            if tells:
                await stack.enter_async_context(database.wakeups.listening())
            caller = Agent(database, agent.token, agent.actor)
            left = iter(range(count))

            async def claim(caller: Agent = caller, left: Iterator[int] = left) -> None:
                for _ in left:
                    await caller.call("claim", sequence="adr")

            before = time.process_time() + cpu_seconds(database_pid)
            await asyncio.gather(*(claim() for _ in range(CALLERS)))
            cost[tells].append((time.process_time() + cpu_seconds(database_pid) - before) / count * 1e6)
    told, silent = (statistics.median(cost[tells]) for tells in (True, False))
    write(
        f"an act of {CALLERS} callers costs {silent:.0f} µs of processor, told to other processes {told:.0f} µs "
        f"({(told / silent - 1) * 100:+.1f} %)\n"
    )


def main() -> None:
    """Run what was asked for."""
    options = argparse.ArgumentParser(description="How soon a parked wait is answered, and what parked waits cost.")
    options.add_argument("--waiters", type=int, default=200)
    options.add_argument("--posts", type=int, default=600)
    options.add_argument("--per-second", type=float, default=50)
    options.add_argument("--parked", type=int, default=1000)
    options.add_argument("--projects", type=int, default=20, help="those that are parked belong to as many")
    options.add_argument("--acts", type=int, default=2000)
    asked = options.parse_args()
    with postgres() as database, ExitStack() as stack:
        servers = []
        for _ in range(2):
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            servers.append(stack.enter_context(serving(database.dsn, directory)))
        if asked.waiters:
            asyncio.run(wake(database.dsn, servers, asked))
        if asked.parked:
            asyncio.run(park(database.dsn, servers[1], database.pid, asked))
        if asked.acts:
            asyncio.run(act(database.dsn, database.pid, asked.acts))


if __name__ == "__main__":
    main()
