"""A hundred who redeem one invite at once, over HTTP and on two workers: one of them wins."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from itertools import count, cycle
from typing import Any

import pytest

from proofs.processes import workers_of
from proofs.wire import on_worker
from support import Agent, Project, ServerProcess, serving

CALLERS = 100
ROUNDS = 5
SECONDS_MAX = 60


@pytest.fixture(scope="module")
def open_door(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Two workers that let one address try often."""
    directory = tmp_path_factory.mktemp("door")
    with serving(database_url, directory, workers=2, SIGNALBOX_JOIN_PER_MINUTE="10000") as started:
        yield started


class Caller:
    """A connection with a request that was written but for its last byte, so that all can be sent at one moment."""

    def __init__(self, port: int, body: dict[str, Any]) -> None:
        self._port = port
        content = json.dumps(body).encode()
        lines = ("POST /join HTTP/1.1", f"Host: 127.0.0.1:{port}", "Content-Type: application/json")
        self._request = "\r\n".join((*lines, f"Content-Length: {len(content)}", "", "")).encode() + content

    async def get_ready(self) -> asyncio.StreamWriter:
        """Connect, see that a worker has accepted, and send all but the last byte."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n\r\n".encode())
        assert (await self._answer())[0] == 200
        self._writer.write(self._request[:-1])
        return self._writer

    async def ask(self) -> tuple[int, dict[str, Any]]:
        """Send the last byte, and read what it came to."""
        self._writer.write(self._request[-1:])
        answer = await self._answer()
        self._writer.close()
        return answer

    async def _answer(self) -> tuple[int, dict[str, Any]]:
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return int(head[9:12]), json.loads(await self._reader.readexactly(int(length)))


async def redeem_at_once(server: ServerProcess, bodies: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    """Send all requests at one moment, on connections of which each worker has accepted half."""
    callers = [Caller(server.port, body) for body in bodies]
    both = cycle(workers_of(server.process.pid))
    async with asyncio.timeout(SECONDS_MAX):
        ready = [on_worker(worker, caller.get_ready) for worker, caller in zip(both, callers, strict=False)]
        await asyncio.gather(*ready)
        return await asyncio.gather(*(caller.ask() for caller in callers))


@pytest.mark.parametrize("uses", [1, 7])
async def test_of_a_hundred_redemptions_at_once_as_many_win_as_there_are_uses(
    open_door: ServerProcess, project: Project, lead: Agent, uses: int
) -> None:
    names = (f"guest-{number}" for number in count())
    for _ in range(ROUNDS):
        code = (await lead.call("create_invite", uses=uses))["code"]

        answers = await redeem_at_once(open_door, [{"code": code, "name": next(names)} for _ in range(CALLERS)])

        won = [answer for status, answer in answers if status == 200]
        lost = [(status, answer) for status, answer in answers if status != 200]
        assert len(won) == uses
        assert lost == [(410, {"ok": False, "error": "exhausted"})] * (CALLERS - uses)
        for answer in won:
            joined = Agent(project.database, answer["token"], answer["actor"])
            assert (await joined.call("whoami"))["actor"] == answer["actor"]
