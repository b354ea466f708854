"""What open streams cost a worker while nothing happens, and how soon what happens arrives on them.

    .venv/bin/python tests/perf/streams.py [--streams 500] [--seconds 20] [--kind events | session | listen]

Opens the streams on `signalbox serve` with an embedded PostgreSQL of its own, 25 for each of the agents of one project
in ten, and prints what they add to the worker's memory and to its time on the processor. Then acts of this process,
some a second, are followed by a tenth of the streams; printed is how long after the act's answer they arrive. Not part
of the test run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent.parent))

from edge.wire import LEGACY, MODERN, envelope
from perf.bench import cpu_seconds, percentile, postgres
from signalbox.config import load_settings
from signalbox.db.pool import Database
from support import Agent, make_project, serving

STREAMS_PER_AGENT: Final = 25
PROJECTS: Final = 10
ACTS: Final = 200
ACT_SECONDS: Final = 0.05
SETTLE_SECONDS: Final = 5
OPENING_AT_ONCE: Final = 20

write = sys.stdout.write


class Stream:
    """One open stream on a socket of its own."""

    def __init__(self, port: int, agent: Agent, kind: str) -> None:
        self.agent = agent
        self._port = port
        self._kind = kind
        self.arrived: dict[int, float] = {}

    async def open(self) -> None:
        """Connect, and wait until the stream is open."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        if self._kind == "session":
            head = await self._begin_session()
            self._writer.write(self._request("GET /mcp", head, b""))
        elif self._kind == "listen":
            wanted = {"resourceSubscriptions": ["signalbox://inbox"], "toolsListChanged": True}
            params = {"_meta": envelope(), "notifications": wanted}
            message = {"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params}
            headers = [f"MCP-Protocol-Version: {MODERN}", "Mcp-Method: subscriptions/listen"]
            self._writer.write(self._request("POST /mcp", headers, json.dumps(message).encode()))
        else:
            self._writer.write(self._request("GET /api/events", [], b""))
        assert b" 200 " in await self._reader.readuntil(b"\r\n\r\n")
        await self._reader.readuntil(b"acknowledged" if self._kind == "listen" else b": open")

    async def _begin_session(self) -> list[str]:
        client = {"name": "perf", "version": "1"}
        params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": client}
        message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
        self._writer.write(self._request("POST /mcp", [], json.dumps(message).encode(), "application/json, "))
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        head = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        await self._reader.readexactly(int(head["content-length"]))
        return [f"Mcp-Session-Id: {head['mcp-session-id']}", f"MCP-Protocol-Version: {LEGACY}"]

    def _request(self, line: str, headers: list[str], body: bytes, also: str = "application/json, ") -> bytes:
        accepted = "text/event-stream" if self._kind == "events" else f"{also}text/event-stream"
        lines = [
            f"{line} HTTP/1.1",
            f"Host: 127.0.0.1:{self._port}",
            f"Authorization: Bearer {self.agent.token}",
            f"Accept: {accepted}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            *headers,
            "",
            "",
        ]
        return "\r\n".join(lines).encode() + body

    async def read(self) -> None:
        """Note when each event arrives, until cancelled."""
        while True:
            frame = await self._reader.readuntil(b"\n\n")
            for line in frame.split(b"\n"):
                if line.startswith(b"id: "):
                    self.arrived[int(line[4:])] = time.perf_counter()


def resident_kib(pid: int) -> int:
    """Answer how much memory a process has in use."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0])


async def measure(options: argparse.Namespace, port: int, pid: int, dsn: str) -> None:
    """Open streams, look at the worker, act, and print."""
    async with Database(load_settings({}, database_url=dsn)) as database, database.wakeups.listening():
        agents = []
        for project in [await make_project(database) for _ in range(PROJECTS)]:
            count = -(-options.streams // STREAMS_PER_AGENT // PROJECTS)
            agents += [await project.join(f"agent-{number}") for number in range(count)]
        streams = [Stream(port, agents[number % len(agents)], options.kind) for number in range(options.streams)]
        await asyncio.sleep(SETTLE_SECONDS)
        alone = resident_kib(pid), await spent(pid, options.seconds)
        for first in range(0, len(streams), OPENING_AT_ONCE):
            await asyncio.gather(*(stream.open() for stream in streams[first : first + OPENING_AT_ONCE]))
        await asyncio.sleep(SETTLE_SECONDS)
        idle = resident_kib(pid), await spent(pid, options.seconds)
        write(f"{options.streams} idle streams of the kind {options.kind}:\n")
        write(f"  memory  {alone[0] / 1024:6.1f} MB + {(idle[0] - alone[0]) / options.streams:6.1f} KiB a stream\n")
        write(f"  time    {100 * alone[1]:6.2f} % of a core, with them {100 * idle[1]:.2f} %\n")
        if options.kind == "events":
            await arrivals(streams, agents[0], pid)


async def spent(pid: int, seconds: float) -> float:
    """Answer the share of a core that a process takes."""
    before, started = cpu_seconds(pid), time.perf_counter()
    await asyncio.sleep(seconds)
    return (cpu_seconds(pid) - before) / (time.perf_counter() - started)


async def arrivals(streams: list[Stream], actor: Agent, pid: int) -> None:
    """Act, and print how long it takes until the streams of the project have it."""
    project_id = (await actor.principal()).project_id
    mine = [stream for stream in streams if (await stream.agent.principal()).project_id == project_id]
    reading = [asyncio.ensure_future(stream.read()) for stream in streams]
    done: dict[int, float] = {}
    before, started = cpu_seconds(pid), time.perf_counter()
    for _ in range(ACTS):
        answer = await actor.call("post", to_lane="nobody", body="b")
        done[answer["event_id"]] = time.perf_counter()
        await asyncio.sleep(ACT_SECONDS)
    busy = (cpu_seconds(pid) - before) / (time.perf_counter() - started)
    await asyncio.sleep(1)
    late = sorted(stream.arrived[seq] - at for stream in mine for seq, at in done.items())
    for task in reading:
        task.cancel()
    write(f"  {ACTS} acts, some {1 / ACT_SECONDS:.0f} a second, on {len(mine)} streams of one project:\n")
    write(f"  arrive  {percentile(late, 0.5):.1f} ms after the act (median), {percentile(late, 0.99):.1f} ms (99 %)\n")
    write(f"  time    {100 * busy:.1f} % of a core\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--kind", choices=["events", "session", "listen"], default="events")
    options = parser.parse_args()
    with (
        postgres() as database,
        tempfile.TemporaryDirectory() as directory,
        serving(database.dsn, Path(directory)) as server,
    ):
        asyncio.run(measure(options, server.port, server.process.pid, database.dsn))


if __name__ == "__main__":
    main()
