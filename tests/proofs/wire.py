"""What the proofs speak with: kept-alive connections that cost the client little, one token each, REST or MCP."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from proofs.processes import has_accepted, workers_of
from support import ServerProcess

T = TypeVar("T")

MCP_VERSION = "2026-07-28"
CALL_SECONDS_MAX = 60
RUN_SECONDS_MAX = 120
OPENING_AT_ONCE_MAX = 200
CONNECT_AGAIN_SECONDS = 0.01


@dataclass(frozen=True)
class Answer:
    """What a call came to, the same for REST and MCP; `code` only where it was refused."""

    status: int
    fields: dict[str, Any]
    code: str | None = None

    def __getitem__(self, name: str) -> Any:
        assert self.code is None, f"refused: {self.status} {self.fields}"
        return self.fields[name]


def request(port: int, token: str, tool: str, arguments: dict[str, Any], *, mcp: bool = False) -> bytes:
    """Write the bytes of one call."""
    lines = [
        f"POST {'/mcp' if mcp else f'/api/tools/{tool}'} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
    ]
    body = arguments
    if mcp:
        lines += [
            "Accept: application/json, text/event-stream",
            f"MCP-Protocol-Version: {MCP_VERSION}",
            "Mcp-Method: tools/call",
            f"Mcp-Name: {tool}",
        ]
        meta = {
            "io.modelcontextprotocol/protocolVersion": MCP_VERSION,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        params = {"name": tool, "arguments": arguments, "_meta": meta}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    content = json.dumps(body).encode()
    lines += [f"Content-Length: {len(content)}", "", ""]
    return "\r\n".join(lines).encode() + content


def read_answer(status: int, content: bytes) -> Answer:
    """Read the body of an answer."""
    fields = json.loads(content)
    if "jsonrpc" in fields and "result" in fields:
        result = fields["result"]
        fields = result["structuredContent"]
        return Answer(status, fields, fields["code"] if result["isError"] else None)
    if status != 200 or "error" in fields:
        return Answer(status, fields["error"], str(fields["error"]["code"]))
    return Answer(status, fields)


class Wire:
    """One connection to a server, with the token of one participant; calls on it go one after the other."""

    def __init__(self, port: int, token: str, *, mcp: bool = False) -> None:
        self._port = port
        self._token = token
        self._mcp = mcp
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> asyncio.StreamWriter:
        """Connect, and see that a worker has accepted."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        hello = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n\r\n"
        status, _ = await self._exchange(hello.encode())
        assert status == 200
        return self._writer

    async def call(self, tool: str, **arguments: Any) -> Answer:
        """Call a tool; a refusal is an answer, too.

        Raises:
            ConnectionError or asyncio.IncompleteReadError: the connection ended before the answer did.
        """
        return read_answer(*await self._exchange(request(self._port, self._token, tool, arguments, mcp=self._mcp)))

    async def _exchange(self, message: bytes) -> tuple[int, bytes]:
        assert self._writer is not None, "not opened"
        self._writer.write(message)
        async with asyncio.timeout(CALL_SECONDS_MAX):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            return int(head[9:12]), await self._reader.readexactly(int(length))

    async def ledger(self, after: int = 0) -> list[dict[str, Any]]:
        """Read the project's ledger to its end, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            page = await self.call("query_events", after=after, limit=1000)
            if not page["events"]:
                return found
            found += page["events"]
            after = page["cursor"]

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            with suppress(OSError):
                await self._writer.wait_closed()


@asynccontextmanager
async def wires(server: ServerProcess, tokens: Iterable[str], *, mcp: bool = False) -> AsyncIterator[list[Wire]]:
    """Open a connection for each token, all of them before the block begins, on the server's workers in turn.

    Many are left to the system, which spreads them by chance.
    """
    found = [Wire(server.port, token, mcp=mcp) for token in tokens]
    workers = workers_of(server.process.pid)
    openings: list[Awaitable[object]]
    if len(workers) > 1 and len(found) <= OPENING_AT_ONCE_MAX:
        openings = [on_worker(worker, wire.open) for worker, wire in zip(itertools.cycle(workers), found, strict=False)]
    else:
        openings = [wire.open() for wire in found]
    try:
        for start in range(0, len(openings), OPENING_AT_ONCE_MAX):
            await asyncio.gather(*openings[start : start + OPENING_AT_ONCE_MAX])
        yield found
    finally:
        await asyncio.gather(*(wire.close() for wire in found))


async def on_worker(worker: int, connect: Callable[[], Awaitable[asyncio.StreamWriter]]) -> None:
    """Connect until it is this worker that has accepted, which may have just been started."""
    async with asyncio.timeout(CALL_SECONDS_MAX):
        while True:
            writer = await connect()
            if has_accepted(worker, writer.get_extra_info("sockname"), writer.get_extra_info("peername")):
                return
            writer.close()
            await asyncio.sleep(CONNECT_AGAIN_SECONDS)


async def at_once(acts: Iterable[Awaitable[T]]) -> list[T]:
    """Run acts together, within a bound; the first that fails ends them all."""
    async with asyncio.timeout(RUN_SECONDS_MAX):
        return await asyncio.gather(*acts)
