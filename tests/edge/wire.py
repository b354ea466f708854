"""What the edge tests speak: MCP in both eras on the wire, REST, and a look at the ledger past every edge."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import httpx2

from signalbox.app import create_app
from signalbox.catalog import CATALOG
from signalbox.config import Settings
from signalbox.identity import ToolGroup
from support import Agent

MODERN: Final = "2026-07-28"
LEGACY: Final = "2025-11-25"
ERAS: Final = (MODERN, LEGACY)
HANDSHAKE_VERSIONS: Final = ("2025-11-25", "2025-06-18", "2025-03-26")
ACCEPT: Final = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
CLIENT: Final = {"name": "edge-tests", "version": "1"}

ADMIN_TOOLS: Final = frozenset({"admin_provision", "admin_rotate", "admin_revoke", "create_invite"})
EVERYDAY_TOOLS: Final = frozenset(tool.name for tool in CATALOG if tool.group is not ToolGroup.HOOKS)

DATABASE_WORDS: Final = (
    "asyncpg",
    "postgres",
    "psycopg",
    "sqlstate",
    "relation ",
    "constraint",
    "null value in column",
    "syntax error at",
    "traceback",
    "site-packages",
    "plpgsql",
)
"""Words that only a leaking answer has."""


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def envelope(version: str = MODERN) -> dict[str, Any]:
    """Answer the `_meta` of a request of the modern era."""
    return {
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": CLIENT,
    }


def era_headers(era: str, method: str, params: Mapping[str, Any]) -> dict[str, str]:
    """Answer the headers a client of an era sends with a request."""
    headers = {**ACCEPT, "MCP-Protocol-Version": era}
    if era == MODERN:
        headers["Mcp-Method"] = method
        if method == "tools/call":
            headers["Mcp-Name"] = str(params.get("name"))
        if method == "resources/read":
            headers["Mcp-Name"] = str(params.get("uri"))
    return headers


def message(era: str, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Write a JSON-RPC request as a client of an era does."""
    meta = {"_meta": envelope()} if era == MODERN else {}
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, **meta}}


async def ask(
    web: httpx2.AsyncClient, token: str, method: str, params: Mapping[str, Any] | None = None, *, era: str = MODERN
) -> httpx2.Response:
    """Send one MCP request to `/mcp`."""
    wish = params or {}
    headers = {**era_headers(era, method, wish), **bearer(token)}
    return await web.post("/mcp", headers=headers, content=json.dumps(message(era, method, wish)))


async def call_mcp(
    web: httpx2.AsyncClient, token: str, tool: str, arguments: Mapping[str, Any] | None = None, *, era: str = MODERN
) -> dict[str, Any]:
    """Call a tool over MCP and answer the result, whether it is an error or not."""
    answer = await ask(web, token, "tools/call", {"name": tool, "arguments": arguments or {}}, era=era)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()["result"]
    return result


async def call_raw(
    web: httpx2.AsyncClient, token: str, tool: str, arguments_json: bytes, *, era: str = MODERN
) -> httpx2.Response:
    """Call a tool over MCP with arguments exactly as written."""
    headers = {**era_headers(era, "tools/call", {"name": tool}), **bearer(token)}
    whole = json.dumps(message(era, "tools/call", {"name": tool, "arguments": "@"}))
    return await web.post("/mcp", headers=headers, content=whole.encode().replace(b'"@"', arguments_json))


async def call_rest(
    web: httpx2.AsyncClient, token: str, tool: str, arguments: Mapping[str, Any] | None = None
) -> httpx2.Response:
    """Call a tool over plain HTTP."""
    return await web.post(f"/api/tools/{tool}", headers=bearer(token), json=arguments or {})


async def ledger_head(database_url: str, project_id: int) -> int:
    """Look up how many events a project has, past every edge and every policy."""
    connection = await asyncpg.connect(database_url)
    try:
        head: int = await connection.fetchval("select head from ledgers where project_id = $1", project_id)
    finally:
        await connection.close()
    return head


@asynccontextmanager
async def serving_here(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """Run an application with settings of its own in this process, and answer a client of it."""
    app = create_app(settings)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url=settings.base_url) as client,
    ):
        yield client


def is_whole(value: object) -> bool:
    """Whether JSON Schema takes it for an integer: 3.0 is one."""
    return type(value) is int or (isinstance(value, float) and value.is_integer())


def assert_leaks_nothing(text: str, *private: str) -> None:
    """See that an answer says nothing about the database, nor anything private."""
    lowered = text.lower()
    assert not [word for word in DATABASE_WORDS if word in lowered], text
    assert not [word for word in private if word.lower() in lowered], text


async def opened(web: httpx2.AsyncClient, agent: Agent, version: str = LEGACY) -> str:
    """Open a session; answers its id."""
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": CLIENT}
    answer = await web.post("/mcp", headers={**ACCEPT, **agent.headers}, json={**message(LEGACY, "initialize", params)})
    session_id: str = answer.headers["mcp-session-id"]
    return session_id


def in_session(agent: Agent, session_id: str) -> dict[str, str]:
    return {**era_headers(LEGACY, "", {}), **agent.headers, "Mcp-Session-Id": session_id}
