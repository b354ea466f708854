"""The official Python client, in both eras and by itself, against servers in processes of their own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.exceptions import MCPError

from edge.wire import ADMIN_TOOLS, EVERYDAY_TOOLS, LEGACY, MODERN, bearer
from support import Agent, ServerProcess

MODES = {"legacy": LEGACY, "auto": MODERN, MODERN: MODERN}
SERVERS = ("server", "two_workers")


@pytest.fixture(params=SERVERS)
def url(request: pytest.FixtureRequest) -> str:
    started: ServerProcess = request.getfixturevalue(request.param)
    return f"{started.url}/mcp"


@asynccontextmanager
async def connected(url: str, token: str, mode: str) -> AsyncIterator[Client]:
    async with create_mcp_http_client(headers=bearer(token)) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, mode=mode, read_timeout_seconds=20) as client:
            yield client


def fields(result: types.CallToolResult) -> dict[str, Any]:
    """Answer what a call came to, having seen that both forms of it agree."""
    (text,) = result.content
    assert isinstance(text, types.TextContent)
    answer: dict[str, Any] = json.loads(text.text)
    assert answer == result.structured_content
    return answer


def names(tools: Sequence[types.Tool]) -> set[str]:
    return {tool.name for tool in tools}


@pytest.mark.parametrize("mode", MODES)
async def test_the_client_speaks_the_era_it_was_told_and_finds_the_tools(
    url: str, agent: Agent, lead: Agent, mode: str
) -> None:
    async with connected(url, agent.token, mode) as client:
        assert client.protocol_version == MODES[mode]
        member = (await client.list_tools()).tools
    async with connected(url, lead.token, mode) as client:
        leads = (await client.list_tools()).tools

    assert names(member) == EVERYDAY_TOOLS - ADMIN_TOOLS
    assert names(leads) == EVERYDAY_TOOLS
    assert all(tool.annotations and tool.description for tool in member)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_client_is_told_how_to_work_with_the_others(url: str, agent: Agent, mode: str) -> None:
    async with connected(url, agent.token, mode) as client:
        assert client.server_info is not None
        assert client.server_info.name == "signalbox"
        assert "whats_new" in (client.instructions or "")


@pytest.mark.parametrize("mode", MODES)
async def test_two_agents_hand_work_over(url: str, agent: Agent, peer: Agent, mode: str) -> None:
    async with connected(url, agent.token, mode) as alice, connected(url, peer.token, mode) as bob:
        number = fields(await alice.call_tool("claim", {"sequence": "adr"}))
        posted = fields(await alice.call_tool("post", {"to_actor": "codex-1", "body": "please review", "ref": "ADR-1"}))
        inbox = fields(await bob.call_tool("read_posts", {"to_me": True, "unacked_only": True}))
        acked = fields(await bob.call_tool("ack", {"post_id": posted["post_id"], "note": "done"}))
        empty = fields(await bob.call_tool("read_posts", {"to_me": True, "unacked_only": True}))

    assert number == {"sequence": "adr", "number": 1, "formatted": "1"}
    assert [(post["from"], post["body"], post["ref"], post["acked"]) for post in inbox["posts"]] == [
        (agent.actor, "please review", "ADR-1", False)
    ]
    assert acked["post_id"] == posted["post_id"]
    assert empty == {"posts": []}


@pytest.mark.parametrize("mode", MODES)
async def test_a_refusal_reaches_the_client_as_a_result(url: str, agent: Agent, mode: str) -> None:
    async with connected(url, agent.token, mode) as client:
        unknown = await client.call_tool("task_start", {"task_id": 1})
        wrong = await client.call_tool("claim", {"sequenc": "adr"})
        alive = await client.call_tool("whoami", {})

    assert unknown.is_error
    assert fields(unknown)["code"] == "not_found"
    assert wrong.is_error
    assert fields(wrong)["code"] == "invalid_arguments"
    assert fields(alive)["actor"] == agent.actor


@pytest.mark.parametrize("mode", MODES)
async def test_an_unknown_tool_is_an_error_of_the_protocol(url: str, agent: Agent, mode: str) -> None:
    async with connected(url, agent.token, mode) as client:
        with pytest.raises(MCPError, match="there is no tool 'clam'"):
            await client.call_tool("clam", {})


async def test_calls_of_one_client_may_be_under_way_at_once(two_workers: ServerProcess, agent: Agent) -> None:
    taken: list[int] = []

    async def claim(client: Client) -> None:
        taken.append(fields(await client.call_tool("claim", {"sequence": "adr"}))["number"])

    async with connected(f"{two_workers.url}/mcp", agent.token, MODERN) as client, anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(claim, client)

    assert sorted(taken) == list(range(1, 21))
