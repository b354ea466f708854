"""What is no good HTTP, byte by byte, against a server in its own process: it is refused, and the server lives."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest

from edge.wire import MODERN, assert_leaks_nothing, call_rest, era_headers, ledger_head, message
from support import Agent, Project, ServerProcess

SECONDS_MAX = 10.0
READ_BYTES_MAX = 65_536


async def exchange(server: ServerProcess, *parts: bytes) -> bytes:
    """Send bytes as they are, and answer what comes back until the server closes or stays silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    answer = b""
    try:
        for part in parts:
            writer.write(part)
            await asyncio.wait_for(writer.drain(), SECONDS_MAX)
        while b"\r\n\r\n" not in answer or not _whole(answer):
            more = await asyncio.wait_for(reader.read(READ_BYTES_MAX), SECONDS_MAX)
            if not more:
                break
            answer += more
    except (ConnectionError, TimeoutError):
        pass  # the server may close before it has read everything; what it said first counts
    finally:
        writer.close()
    return answer


def _whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(lengths) and len(body) >= int(lengths[0].split(b":")[1])


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def body_of(answer: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return fields


def head(server: ServerProcess, agent: Agent, *lines: str, target: str = "/api/tools/claim") -> bytes:
    whole = [
        f"POST {target} HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        f"Authorization: Bearer {agent.token}",
        *lines,
        "",
        "",
    ]
    return "\r\n".join(whole).encode()


async def assert_alive(server: ServerProcess, agent: Agent) -> None:
    async with httpx2.AsyncClient(base_url=server.url) as client:
        answer = await call_rest(client, agent.token, "whoami")
    assert answer.json()["actor"] == agent.actor
    assert server.process.poll() is None
    assert "Traceback" not in server.log.read_text(encoding="utf-8")


@pytest.mark.parametrize("target", ["/api/tools/claim", "/mcp", "/join"])
async def test_a_declared_length_that_is_too_large_is_refused_at_once(
    server: ServerProcess, agent: Agent, target: str
) -> None:
    answer = await exchange(server, head(server, agent, "Content-Length: 5000000", target=target))

    assert status_of(answer) == 413
    assert body_of(answer)["error"]["code"] == "too_large"
    await assert_alive(server, agent)


@pytest.mark.parametrize("target", ["/api/tools/claim", "/mcp", "/join"])
async def test_chunks_without_end_are_refused_at_the_bound(server: ServerProcess, agent: Agent, target: str) -> None:
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"

    answer = await exchange(server, head(server, agent, "Transfer-Encoding: chunked", target=target), *[chunk] * 17)

    assert status_of(answer) == 413
    assert body_of(answer)["error"]["code"] == "too_large"
    await assert_alive(server, agent)


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: -1",),
        ("Content-Length: 1e3",),
        ("Content-Length: 2", "Content-Length: 3"),
        ("Content-Length: 99999999999999999999999",),
        ("Content-Length: 2", "Transfer-Encoding: chunked"),
        ("No colon at all",),
        ("Bad\0name: x",),
    ],
)
async def test_contradictory_framing_is_refused_and_writes_nothing(
    server: ServerProcess, agent: Agent, project: Project, database_url: str, lines: tuple[str, ...]
) -> None:
    before = await ledger_head(database_url, project.project_id)

    answer = await exchange(server, head(server, agent, *lines), b'{"sequence":"adr"}\r\n\r\n')

    assert answer == b"" or 400 <= status_of(answer) < 500
    assert_leaks_nothing(answer.decode("latin-1"))
    assert await ledger_head(database_url, project.project_id) == before
    await assert_alive(server, agent)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0" * 100,
        b"GET\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET http://evil.example.org/ HTTP/1.1\r\nHost: evil.example.org\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"CONNECT evil.example.org:443 HTTP/1.1\r\nHost: evil.example.org:443\r\n\r\n",
        b"GET /%ff%fe%00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
)
async def test_garbage_is_refused_and_the_server_lives(server: ServerProcess, agent: Agent, garbage: bytes) -> None:
    answer = await exchange(server, garbage + b"\r\n\r\n")

    assert answer == b"" or status_of(answer) < 500
    assert_leaks_nothing(answer.decode("latin-1").replace("PostgreSQL", ""))
    await assert_alive(server, agent)


async def test_a_caller_who_hangs_up_in_the_middle_writes_nothing(
    server: ServerProcess, agent: Agent, project: Project, database_url: str
) -> None:
    before = await ledger_head(database_url, project.project_id)
    for target in ("/api/tools/claim", "/mcp", "/join"):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(head(server, agent, "Content-Length: 100", target=target) + b'{"sequence":')
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    await assert_alive(server, agent)
    assert await ledger_head(database_url, project.project_id) == before


@pytest.mark.parametrize("written", ["{}", "   {}", "{}   ", "\t{}\t"])
async def test_white_space_around_the_value_of_a_header_is_no_part_of_it(
    server: ServerProcess, agent: Agent, written: str
) -> None:
    params = {"name": "whoami", "arguments": {}}
    body = json.dumps(message(MODERN, "tools/call", params)).encode()
    sent = {**era_headers(MODERN, "tools/call", params), "Content-Length": str(len(body))}
    lines = [f"{name}:{written.format(value)}" for name, value in sent.items()]

    answer = await exchange(server, head(server, agent, *lines, target="/mcp") + body)

    assert status_of(answer) == 200, answer
    assert body_of(answer)["result"]["structuredContent"]["actor"] == agent.actor
