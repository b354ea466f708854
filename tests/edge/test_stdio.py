"""`signalbox stdio`: the same server on standard input and output, for the participant of one token."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from anyio import to_thread
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError

from conftest import Databases
from edge.wire import ADMIN_TOOLS, CLIENT, EVERYDAY_TOOLS, LEGACY, MODERN, assert_leaks_nothing
from signalbox.config import load_settings
from signalbox.db.migrating import migrate
from signalbox.db.pool import Database
from signalbox.identity import mint_token
from support import Agent, clean_environment, make_project

MODES = {"legacy": LEGACY, "auto": MODERN, MODERN: MODERN}
START_SECONDS_MAX = 60


@asynccontextmanager
async def connected(database_url: str, token: str, mode: str, log: Path) -> AsyncIterator[Client]:
    environment = clean_environment(DATABASE_URL=database_url, SIGNALBOX_TOKEN=token)
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "signalbox", "stdio"], env=environment, cwd=log.parent
    )
    with log.open("w", encoding="utf-8") as errors:
        transport = stdio_client(command, errlog=errors)
        async with Client(transport, mode=mode, read_timeout_seconds=START_SECONDS_MAX) as client:
            yield client


def run(database_url: str, *lines: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it with the lines given on its standard input, which then ends."""
    return subprocess.run(
        [sys.executable, "-m", "signalbox", "stdio"],
        env=clean_environment(DATABASE_URL=database_url, **environment),
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=START_SECONDS_MAX,
        check=False,
    )


def request(number: int, method: str, **params: Any) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


@pytest.mark.parametrize("mode", MODES)
async def test_the_client_works_over_pipes(
    database_url: str, lead: Agent, agent: Agent, tmp_path: Path, mode: str
) -> None:
    async with connected(database_url, agent.token, mode, tmp_path / "stderr") as client:
        version = client.protocol_version
        tools = {tool.name for tool in (await client.list_tools()).tools}
        claimed = (await client.call_tool("claim", {"sequence": "adr"})).structured_content
        refused = await client.call_tool("admin_revoke", {"participant_name": "lead"})
        with pytest.raises(MCPError, match="there is no tool 'clam'"):
            await client.call_tool("clam", {})
        await lead.call("admin_revoke", participant_name="claude-1")
        with pytest.raises(MCPError, match="no longer holds"):
            await client.call_tool("whoami", {})

    assert version == MODES[mode]
    assert tools == EVERYDAY_TOOLS - ADMIN_TOOLS
    assert claimed == {"sequence": "adr", "number": 1, "formatted": "1"}
    assert refused.is_error
    assert refused.structured_content is not None
    assert refused.structured_content["code"] == "forbidden"
    assert agent.token not in (tmp_path / "stderr").read_text(encoding="utf-8")


async def test_standard_output_carries_the_protocol_and_nothing_else(database_url: str, agent: Agent) -> None:
    ended = await to_thread.run_sync(
        lambda: run(
            database_url,
            request(1, "initialize", protocolVersion=LEGACY, capabilities={}, clientInfo=CLIENT),
            '{"jsonrpc":"2.0","method":"notifications/initialized"}',
            "{this is not JSON",
            request(2, "tools/call", name="whoami", arguments={}),
            request(3, "tools/call", name="claim", arguments={"x": 1}),
            SIGNALBOX_TOKEN=agent.token,
            SIGNALBOX_LOG_LEVEL="debug",
        )
    )

    answers = {answer["id"]: answer for answer in map(json.loads, ended.stdout.splitlines())}
    assert all(answer["jsonrpc"] == "2.0" for answer in answers.values())
    assert answers.keys() >= {1}
    assert ended.returncode == 0, ended.stderr
    assert agent.token not in ended.stdout + ended.stderr


@pytest.fixture
async def broken(databases: Databases) -> tuple[str, Agent]:
    """A database of its own in which claiming fails, and an agent in it."""
    dsn: str = await to_thread.run_sync(databases.create, "stdio")
    await to_thread.run_sync(migrate, dsn)
    async with Database(load_settings({}, database_url=dsn)) as database:
        agent = await (await make_project(database)).join("claude-1")
    connection = await asyncpg.connect(dsn)
    await connection.execute("drop function claim_v1")
    await connection.close()
    return dsn, agent


async def test_what_breaks_is_hidden_from_the_client_and_logged_on_standard_error(
    broken: tuple[str, Agent], tmp_path: Path
) -> None:
    dsn, agent = broken
    async with connected(dsn, agent.token, MODERN, tmp_path / "stderr") as client:
        with pytest.raises(MCPError) as failed:
            await client.call_tool("claim", {"sequence": "adr"})
        alive = await client.call_tool("whoami", {})

    assert failed.value.error.code == -32603
    assert_leaks_nothing(failed.value.error.message, "claim_v1", "function")
    assert not alive.is_error
    log = (tmp_path / "stderr").read_text(encoding="utf-8")
    assert "tool claim failed" in log
    assert agent.token not in log


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (mint_token()[0], "unauthenticated: this token is not known"),
        ("sbx_nonsense", "unauthenticated: this is not a Signalbox token"),
    ],
    ids=["nobody's", "malformed"],
)
def test_a_bad_token_ends_it_with_a_clear_message(database_url: str, token: str, message: str) -> None:
    ended = run(database_url, SIGNALBOX_TOKEN=token)

    assert ended.returncode == 1
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
    assert token not in ended.stderr
    assert ended.stdout == ""


def test_no_token_is_a_matter_of_usage(database_url: str) -> None:
    ended = run(database_url)

    assert ended.returncode == 2
    assert "SIGNALBOX_TOKEN" in ended.stderr
    assert ended.stdout == ""


def test_a_database_that_is_not_there_ends_it_with_a_clear_message() -> None:
    ended = run("postgresql://nobody@127.0.0.1:1/none", SIGNALBOX_TOKEN=mint_token()[0])

    assert ended.returncode == 1
    assert "cannot connect to the database" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
