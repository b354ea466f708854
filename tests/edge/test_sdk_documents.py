"""The official Python client reads and watches documents, in both eras, against servers in processes of their own."""

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
from mcp.client.subscriptions import ResourceUpdated
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError

from edge.listening import SECONDS_MAX
from edge.wire import LEGACY, MODERN, bearer
from support import Agent, Project, ServerProcess

INBOX, LEDGER = "signalbox://inbox", "signalbox://ledger"
MODES = {"legacy": LEGACY, "auto": MODERN}

Changes = AsyncIterator[str]


@asynccontextmanager
async def connected(server: ServerProcess, agent: Agent, mode: str) -> AsyncIterator[tuple[Client, AsyncIterator[str]]]:
    """Connect a client; yields it and the documents it is told of in the handshake era."""
    send, heard = anyio.create_memory_object_stream[str](100)

    async def on_message(message: Any) -> None:
        if isinstance(message, types.ResourceUpdatedNotification):
            await send.send(message.params.uri)

    async with create_mcp_http_client(headers=bearer(agent.token)) as http, send, heard:
        transport = streamable_http_client(f"{server.url}/mcp", http_client=http)
        async with Client(transport, mode=mode, read_timeout_seconds=SECONDS_MAX, message_handler=on_message) as client:
            assert client.protocol_version == MODES[mode]
            yield client, heard


@asynccontextmanager
async def watching(client: Client, heard: AsyncIterator[str], uris: Sequence[str]) -> AsyncIterator[Changes]:
    """Subscribe as the client's era does; yields the addresses of what changes."""
    if client.protocol_version == MODERN:
        async with client.listen(resource_subscriptions=uris) as subscription:
            assert list(subscription.honored.resource_subscriptions or ()) == list(uris)
            yield (event.uri async for event in subscription if isinstance(event, ResourceUpdated))
    else:
        for uri in uris:
            with pytest.warns(MCPDeprecationWarning):
                await client.subscribe_resource(uri)
        yield heard


async def document(client: Client, uri: str) -> dict[str, Any]:
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, types.TextResourceContents)
    read: dict[str, Any] = json.loads(content.text)
    return read


@pytest.mark.parametrize("mode", MODES)
async def test_the_client_finds_and_reads_what_there_is(two_workers: ServerProcess, agent: Agent, mode: str) -> None:
    await agent.call("claim", sequence="adr")
    async with connected(two_workers, agent, mode) as (client, _):
        listed = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates
        ledger = await document(client, f"{LEDGER}?after=0")
        with pytest.raises(MCPError, match="there is no resource"):
            await client.read_resource("signalbox://nothing")

    assert {one.uri for one in listed} >= {INBOX, LEDGER}
    assert [one.uri_template for one in templates] == ["signalbox://ledger{?after}"]
    assert ledger["events"][-1]["type"] == "claim"


@pytest.mark.parametrize("mode", MODES)
async def test_the_client_is_told_and_then_reads_what_is_new(
    two_workers: ServerProcess, agent: Agent, peer: Agent, other_project: Project, mode: str
) -> None:
    stranger = await other_project.join("claude-1")
    with anyio.fail_after(2 * SECONDS_MAX):
        async with (
            connected(two_workers, agent, mode) as (client, heard),
            watching(client, heard, [INBOX]) as changes,
        ):
            await stranger.call("post", to_actor="claude-1", subject="theirs", body="look")
            await peer.call("post", to_actor="claude-1", subject="mine", body="look")
            uri = await anext(changes)
            inbox = await document(client, uri)

    assert uri == INBOX
    assert [post["subject"] for post in inbox["posts"]] == ["mine"]
