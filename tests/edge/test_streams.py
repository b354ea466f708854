"""Responses that stay open, in both eras: what they say, and that they end with what their caller may."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from anyio import to_thread

from edge.wire import LEGACY, MODERN, envelope, era_headers, in_session, opened
from support import Agent, Project, ServerProcess, serving

SECONDS_MAX = 10


@asynccontextmanager
async def listening(url: str, headers: dict[str, str], body: Any = None) -> AsyncIterator[AsyncIterator[str]]:
    """Open a stream on a server process; yields its lines once the first has come."""
    async with httpx2.AsyncClient(timeout=SECONDS_MAX) as client:
        verb = "GET" if body is None else "POST"
        content = None if body is None else json.dumps(body)
        async with client.stream(verb, f"{url}/mcp", headers=headers, content=content) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["x-accel-buffering"] == "no"
            yield answer.aiter_lines()


def listen_message(request_id: int) -> dict[str, Any]:
    params = {"_meta": envelope(), "notifications": {"toolsListChanged": True}}
    return {"jsonrpc": "2.0", "id": request_id, "method": "subscriptions/listen", "params": params}


async def messages(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
    async for line in lines:
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


@asynccontextmanager
async def stream_of(era: str, server: ServerProcess, agent: Agent) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """Open what an era has for changes of lists; yields its messages."""
    if era == MODERN:
        headers = {**era_headers(MODERN, "subscriptions/listen", {}), **agent.headers}
        async with listening(server.url, headers, listen_message(7)) as lines:
            said = messages(lines)
            first = await anext(said)
            assert first["method"] == "notifications/subscriptions/acknowledged"
            assert first["params"]["notifications"] == {"toolsListChanged": True}
            yield said
    else:
        async with httpx2.AsyncClient(base_url=server.url) as web:
            session_id = await opened(web, agent)
        async with listening(server.url, in_session(agent, session_id)) as lines:
            assert (await anext(lines)).startswith(":")
            yield messages(lines)


@pytest.mark.parametrize("era", [MODERN, LEGACY])
async def test_who_becomes_a_lead_is_told_that_the_tools_changed(
    two_workers: ServerProcess, project: Project, agent: Agent, era: str
) -> None:
    with anyio.fail_after(SECONDS_MAX):
        async with stream_of(era, two_workers, agent) as said:
            await project.join("claude-1", lead=True)
            heard = await anext(said)

    assert heard["method"] == "notifications/tools/list_changed"
    if era == MODERN:
        assert heard["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == 7


@pytest.mark.parametrize("era", [MODERN, LEGACY])
async def test_a_stream_ends_with_its_callers_token(
    two_workers: ServerProcess, lead: Agent, agent: Agent, era: str
) -> None:
    with anyio.fail_after(SECONDS_MAX):
        async with stream_of(era, two_workers, agent) as said:
            await lead.call("admin_revoke", participant_name="claude-1")
            rest = [heard async for heard in said]

    assert [heard.get("id") for heard in rest] == ([7] if era == MODERN else [])


async def test_a_stream_ends_with_its_session(two_workers: ServerProcess, agent: Agent) -> None:
    with anyio.fail_after(SECONDS_MAX):
        async with httpx2.AsyncClient(base_url=two_workers.url) as web:
            session_id = await opened(web, agent)
            async with listening(two_workers.url, in_session(agent, session_id)) as lines:
                assert (await anext(lines)).startswith(":")
                await web.delete("/mcp", headers=in_session(agent, session_id))
                rest = [line async for line in messages(lines)]

    assert rest == []


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_server_that_stops_ends_its_streams_at_once(
    database_url: str, project: Project, tmp_path: Path, workers: int
) -> None:
    agent = await project.join("claude-1")
    with serving(database_url, tmp_path, workers=workers) as server, anyio.fail_after(SECONDS_MAX):
        async with stream_of(MODERN, server, agent) as modern, stream_of(LEGACY, server, agent) as legacy:
            server.process.terminate()
            rest = [heard async for heard in modern], [heard async for heard in legacy]
        code = await to_thread.run_sync(server.process.wait, SECONDS_MAX)

    assert [[heard.get("id") for heard in said] for said in rest] == [[7], []]
    assert code == 0
    assert "timeout graceful shutdown exceeded" not in server.log.read_text()
