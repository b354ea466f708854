"""How fast Signalbox is, beside how fast PostgreSQL is at the same work, in one run.

    .venv/bin/python tests/perf/bench.py [--seconds 4] [--callers 1,16,64] [--workers 1] [--only claim,mix]
        [--projects 1] [--servers 1] [--without-limit]

The server runs in a process of its own on an embedded PostgreSQL with fsync on; this process drives it over MCP with
keep-alive connections, one per caller, each with a token of its own. For each row it prints calls per second, latency
percentiles in milliseconds, the CPU time of server and database per call, and the limit: how many a second pgbench does
of the same transactions, with as many clients (64 at most) and nothing around them (above 1 it is beaten, by acts that
travel together). The column of commits says how many transactions a call makes. With several workers, callers of one
project take turns on its head lock; `--projects` spreads them. `--servers` runs so many servers beside each other, with
the projects in turn: what several workers would cost if they shared nothing but database and machine. Not part of the
test run: it takes minutes and measures the machine too.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

sys.path.insert(0, str(Path(__file__).parent.parent))

from perf.limit import Limit
from signalbox.config import load_settings
from signalbox.db import embedded
from signalbox.db.migrating import migrate
from signalbox.db.pool import Database
from signalbox.identity import Principal
from support import Agent, ServerProcess, make_project, serving

STATISTICS_SECONDS = 1.2  # until a backend has told what it has done

MIX = (("post", 40), ("ack", 37), ("lease+release", 12), ("claim", 7), ("whoami", 2), ("whats_new", 2))


@dataclass
class Caller:
    """One agent on one connection."""

    agent: Agent
    peer: Caller | None = None
    inbox: list[int] = field(default_factory=list)
    held: str | None = None
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    async def connect(self, port: int) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool over MCP, in the stateless era; a refusal ends the run."""
        assert self.reader is not None
        assert self.writer is not None
        meta = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        params = {"name": tool, "arguments": arguments, "_meta": meta}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
        self.writer.write(
            f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.agent.token}\r\n"
            "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
            "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\n"
            f"Mcp-Name: {tool}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        answer = json.loads(await self.reader.readexactly(length))
        if "result" not in answer or answer["result"].get("isError"):
            raise RuntimeError(f"{tool} was refused: {answer}")
        content: dict[str, Any] = answer["result"]["structuredContent"]
        return content


async def post(caller: Caller) -> None:
    """Hand something to the next caller."""
    assert caller.peer is not None
    peer = caller.peer
    posted = await caller.call(
        "post", to_actor=peer.agent.actor, subject="s", body="a handoff of ordinary length", ref="PR-1"
    )
    peer.inbox.append(posted["post_id"])


async def ack(caller: Caller) -> None:
    """Ack what came; with nothing there, make something come first."""
    if not caller.inbox:
        await post(caller)
        return
    await caller.call("ack", post_id=caller.inbox.pop(0))


async def lease_or_release(caller: Caller) -> None:
    """Hold a surface, or let the one go that is held: one call, as each of the others."""
    if caller.held is None:
        caller.held = f"src/{caller.agent.actor}/{random.randrange(100)}.py"
        await caller.call("lease", surface=caller.held)
    else:
        held, caller.held = caller.held, None
        await caller.call("release", surface=held)


def simply(tool: str, **arguments: Any) -> Callable[[Caller], Any]:
    return lambda caller: caller.call(tool, **arguments)


ACTS: dict[str, Callable[[Caller], Any]] = {
    "claim": simply("claim", sequence="bench"),
    "post": post,
    "read_posts": simply("read_posts", to_me=True, limit=20),
    "ack": ack,
    "lease+release": lease_or_release,
    "whoami": simply("whoami"),
    "whats_new": simply("whats_new", limit=20),
    "task_create": simply("task_create", title="a task"),
}


def one_of_the_mix() -> Callable[[Caller], Any]:
    names, weights = zip(*MIX, strict=True)
    return ACTS[random.choices(names, weights)[0]]


def cpu_seconds(pid: int) -> float:
    """Add up the CPU time of a process and of all that came from it, also of those that have ended, in seconds."""
    ticks = 0
    found = [pid]
    for member in found:
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rsplit(") ", 1)[1].split()
            found += [int(child) for child in Path(f"/proc/{member}/task/{member}/children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended meanwhile: its parent counts it
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


async def drive(callers: list[Caller], act: str, seconds: float) -> list[float]:
    """Let every caller act again and again; answers the latency of each act, in seconds."""
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def go(caller: Caller) -> None:
        while (start := time.perf_counter()) < end:
            await (one_of_the_mix() if act == "mix" else ACTS[act])(caller)
            latencies.append(time.perf_counter() - start)

    await asyncio.gather(*(go(caller) for caller in callers))
    return latencies


def percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


@contextmanager
def postgres() -> Iterator[embedded.EmbeddedPostgres]:
    directory = Path(tempfile.mkdtemp(prefix="signalbox-bench."))
    directory.chmod(0o711)
    try:
        with embedded.start(directory / "data", embedded.find_binaries(os.environ), progress=lambda _: None) as started:
            migrate(started.dsn)
            yield started
    finally:
        shutil.rmtree(directory, ignore_errors=True)


async def callers_of(
    database: embedded.EmbeddedPostgres, ports: Sequence[int], count: int, projects: int = 1
) -> tuple[list[Caller], Principal]:
    """Make as many agents, spread over the projects; connect each, and set those of a project in a ring to post in.

    The projects take the ports in turn.

    The Principal is for pgbench: an agent in a project of its own.
    """
    rings: list[list[Caller]] = []
    async with Database(load_settings({}, database_url=database.dsn)) as opened:
        for first in range(projects):
            project = await make_project(opened)
            rings.append([Caller(await project.join(f"agent-{number}")) for number in range(first, count, projects)])
        who = await (await (await make_project(opened)).join("agent-0")).principal()
    for ring, port in zip(rings, itertools.cycle(ports), strict=False):
        for caller, peer in itertools.pairwise([*ring, ring[0]]):
            caller.peer = peer
            await caller.connect(port)
    return [caller for among in itertools.zip_longest(*rings) for caller in among if caller is not None], who


async def commits(database: embedded.EmbeddedPostgres) -> int:
    """Count the transactions that were committed so far, once the backends have told."""
    await asyncio.sleep(STATISTICS_SECONDS)
    connection = await asyncpg.connect(database.dsn)
    count: int = await connection.fetchval(
        "select xact_commit from pg_stat_database where datname = current_database()"
    )
    await connection.close()
    return count


async def measure(
    options: argparse.Namespace, servers: Sequence[ServerProcess], database: embedded.EmbeddedPostgres
) -> None:
    """Measure each act with each number of callers, and print a row of it."""
    counts = [int(count) for count in options.callers.split(",")]
    everyone, who = await callers_of(database, [server.port for server in servers], max(counts), options.projects)

    def served() -> float:
        return sum(cpu_seconds(server.process.pid) for server in servers)

    pgbench = Limit(database.data_dir / "run", who, max(1, round(options.seconds)))
    row = "{:<14}{:>8}{:>9}{:>8}{:>8}{:>8}{:>11}{:>10}{:>9}{:>9}{:>7}\n"
    write = sys.stdout.write
    heads = ("act", "callers", "calls/s", "p50", "p95", "p99", "server ms", "database", "commits", "pgbench", "ratio")
    write(row.format(*heads))
    for act, count in itertools.product(options.only.split(","), counts):
        committed = await commits(database)
        before = served(), cpu_seconds(database.pid)
        start = time.perf_counter()
        latencies = sorted(await drive(everyone[:count], act, options.seconds))
        rate = len(latencies) / (time.perf_counter() - start)
        server, postgres_cpu = served() - before[0], cpu_seconds(database.pid) - before[1]
        committed = await commits(database) - committed
        limit = 0.0
        if not options.without_limit:
            limit = pgbench.of_mix(dict(MIX), count) if act == "mix" else pgbench.of(act, count)
        shares = [f"{percentile(latencies, share):.1f}" for share in (0.5, 0.95, 0.99)]
        costs = [f"{used / len(latencies):.2f}" for used in (server * 1000, postgres_cpu * 1000, committed)]
        beside = [f"{limit:.0f}", f"{rate / limit:.2f}"] if limit else ["", ""]
        write(row.format(act, count, f"{rate:.0f}", *shares, *costs, *beside))
        sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure Signalbox beside pgbench.")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--callers", default="1,16,64")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--projects", type=int, default=1)
    parser.add_argument("--servers", type=int, default=1)
    parser.add_argument("--without-limit", action="store_true")
    parser.add_argument("--only", default=",".join([*ACTS, "mix"]))
    options = parser.parse_args()
    connections = min(10, 20 // (options.workers * options.servers))  # pgbench wants its share, too
    with postgres() as database, tempfile.TemporaryDirectory() as directory, ExitStack() as running:
        servers = []
        for number in range(options.servers):
            place = Path(directory, str(number))
            place.mkdir()
            serve = serving(database.dsn, place, workers=options.workers, SIGNALBOX_POOL_CONNECTIONS=str(connections))
            servers.append(running.enter_context(serve))
        asyncio.run(measure(options, servers, database))


if __name__ == "__main__":
    main()
