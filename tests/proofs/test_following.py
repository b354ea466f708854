"""Readers that follow the ledger live while the server of half of them is killed: each event once, none missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2

from proofs.figures import figure
from proofs.wire import at_once
from support import Agent, Project, ServerProcess, serving

EVENTS = 300
WRITERS = 3
READERS = 6
AGAIN_SECONDS = 0.05


class Reader:
    """Follows the ledger, and connects to the next server with the last id it got whenever the connection ends."""

    def __init__(self, servers: list[ServerProcess], agent: Agent) -> None:
        self._urls = [f"{server.url}/api/events?after=0" for server in servers]
        self._headers = {**agent.headers, "Accept": "text/event-stream"}
        self.seen: list[int] = []
        self.connections = 0
        self.is_connected = asyncio.Event()

    async def follow(self, head: asyncio.Future[int]) -> None:
        """Follow until the end of the ledger, once it is known, has come."""
        while not (head.done() and self.seen and self.seen[-1] >= head.result()):
            try:
                async for event_id in self._connection():
                    self.seen.append(event_id)
                    if head.done() and event_id >= head.result():
                        break
            except httpx2.TransportError:
                self._urls.append(self._urls.pop(0))
                await asyncio.sleep(AGAIN_SECONDS)

    async def _connection(self) -> AsyncIterator[int]:
        after = {"Last-Event-ID": str(self.seen[-1])} if self.seen else {}
        async with (
            httpx2.AsyncClient(timeout=20) as client,
            client.stream("GET", self._urls[0], headers={**self._headers, **after}) as answer,
        ):
            assert answer.status_code == 200
            self.connections += 1
            self.is_connected.set()
            async for line in answer.aiter_lines():
                if line.startswith("id: "):
                    yield int(line.removeprefix("id: "))


async def test_each_event_arrives_once_and_in_order_though_a_server_is_killed(
    server: ServerProcess, database_url: str, project: Project, tmp_path: Path
) -> None:
    agents = [await project.join(f"agent-{number}") for number in range(WRITERS)]
    head = asyncio.get_running_loop().create_future()
    left = iter(range(EVENTS))

    with serving(database_url, tmp_path) as other:
        orders = [[other, server], [server, other]]
        readers = [Reader(orders[number % 2], agents[number % WRITERS]) for number in range(READERS)]
        following = [asyncio.ensure_future(reader.follow(head)) for reader in readers]
        await at_once(reader.is_connected.wait() for reader in readers)

        async def write(agent: Agent) -> None:
            for number in left:
                if number == EVENTS // 2:
                    other.kill()
                await agent.call("claim", sequence="adr")

        async def write_all() -> None:
            await asyncio.gather(*(write(agent) for agent in agents))
            head.set_result((await agents[0].call("whats_new", advance_cursor=False))["head"])

        await at_once([*following, write_all()])

    assert [reader.seen for reader in readers] == [list(range(1, head.result() + 1))] * READERS
    assert [reader.connections for reader in readers] == [2, 1] * (READERS // 2)
    figure(f"{EVENTS} events, {READERS} readers, {sum(reader.connections for reader in readers)} connections")
