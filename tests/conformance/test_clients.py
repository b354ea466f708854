"""Programs that people use: the MCP Inspector and Claude Code connect, list and call. No model is asked anything."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from conformance.programs import run
from conformance.proxy import before
from edge.wire import ADMIN_TOOLS, EVERYDAY_TOOLS, LEGACY, MODERN
from support import Agent, ServerProcess

ERAS = {"legacy": LEGACY, "modern": MODERN}
NOWHERE = "http://127.0.0.1:9"
ALONE = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "HTTP_PROXY": NOWHERE,  # what is not on loopback is out of reach
    "HTTPS_PROXY": NOWHERE,
    "NO_PROXY": "127.0.0.1",
}


class Endpoint:
    """The server's `/mcp`, with the heads of the requests that came for it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.heads: list[str] = []

    def versions(self) -> set[str]:
        """Answer the versions of the protocol that requests named."""
        lines = [line for head in self.heads for line in head.split("\r\n")]
        named = [line.partition(":") for line in lines]
        return {value.strip() for name, _, value in named if name.lower() == "mcp-protocol-version"}


@pytest.fixture
async def endpoint(server: ServerProcess) -> AsyncIterator[Endpoint]:
    watched = Endpoint("")
    async with before(f"{server.url}/mcp", heads=watched.heads) as watched.url:
        yield watched


async def inspect(
    endpoint: Endpoint, token: str, place: Path, era: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    options = ("--cli", endpoint.url, "--transport", "http", "--header", f"Authorization: Bearer {token}")
    era_options = ("--protocol-era", era, "--stored-auth-only", "--format", "json", "--quiet")
    return await run("mcp-inspector", *options, *era_options, *arguments, cwd=place)


def fields(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stdout
    answer: dict[str, Any] = json.loads(done.stdout)
    result: dict[str, Any] = answer["result"]
    return result


@pytest.mark.parametrize("era", ERAS)
async def test_the_inspector_lists_the_tools_and_finds_no_fault_with_them(
    endpoint: Endpoint, agent: Agent, tmp_path: Path, era: str
) -> None:
    done = await inspect(endpoint, agent.token, tmp_path, era, "--method", "tools/list", "--strict")

    assert {tool["name"] for tool in fields(done)["tools"]} == EVERYDAY_TOOLS - ADMIN_TOOLS
    assert endpoint.versions() == {ERAS[era]}


@pytest.mark.parametrize("era", ERAS)
async def test_the_inspector_calls_a_tool(endpoint: Endpoint, agent: Agent, tmp_path: Path, era: str) -> None:
    call = ("--method", "tools/call", "--tool-name", "claim", "--tool-arg", "sequence=adr")
    done = await inspect(endpoint, agent.token, tmp_path, era, *call)

    assert fields(done)["structuredContent"] == {"sequence": "adr", "number": 1, "formatted": "1"}
    assert endpoint.versions() == {ERAS[era]}
    assert [event["actor"] for event in (await agent.call("query_events", type="claim"))["events"]] == [agent.actor]


@pytest.mark.parametrize("era", ERAS)
async def test_the_inspector_is_told_that_its_token_does_not_hold(endpoint: Endpoint, tmp_path: Path, era: str) -> None:
    done = await inspect(endpoint, "sbx_wrong", tmp_path, era, "--method", "tools/list")

    assert done.returncode != 0
    assert "auth_required" in done.stdout


async def claude(place: Path, *arguments: str, **environment: str) -> str:
    """Run Claude Code with a configuration of its own, and answer what it said."""
    config = {"CLAUDE_CONFIG_DIR": str(place / "config")}
    done = await run("claude", *arguments, cwd=place, **config, **ALONE, **environment)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("era", ERAS)
async def test_claude_code_connects_with_a_token_that_holds_and_says_what_is_wrong_with_another(
    endpoint: Endpoint, agent: Agent, tmp_path: Path, era: str
) -> None:
    for name, token in {"bus": agent.token, "wrong": "sbx_wrong"}.items():
        header = ("--header", f"Authorization: Bearer {token}")
        await claude(tmp_path, "mcp", "add", "--scope", "user", "--transport", "http", name, endpoint.url, *header)

    negotiation = {"legacy": "legacy", "modern": "auto"}[era]
    said = await claude(tmp_path, "mcp", "list", MCP_PROTOCOL_NEGOTIATION=negotiation)

    lines = dict(line.split(": ", 1) for line in said.splitlines() if endpoint.url in line)
    assert lines["bus"].endswith("Connected"), said
    assert "Failed to connect" in lines["wrong"], said
    assert "HTTP 401" in lines["wrong"], said
    assert endpoint.versions() == {ERAS[era]}


async def test_claude_code_falls_back_to_the_handshake_where_channels_are(
    server: ServerProcess, agent: Agent, tmp_path: Path
) -> None:
    watched = Endpoint("")
    async with before(f"{server.url}/channel/mcp", heads=watched.heads) as watched.url:
        header = ("--header", f"Authorization: Bearer {agent.token}")
        await claude(tmp_path, "mcp", "add", "--scope", "user", "--transport", "http", "bus", watched.url, *header)
        said = await claude(tmp_path, "mcp", "list", MCP_PROTOCOL_NEGOTIATION="auto")

    assert "Connected" in next(line for line in said.splitlines() if watched.url in line), said
    assert watched.versions() == {MODERN, LEGACY}
    assert any(head.startswith("GET ") for head in watched.heads), "it opens the stream that doorbells come on"
