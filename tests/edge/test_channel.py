"""`/channel/mcp`: only the handshake era, a check before anything is rung, and doorbells without bodies."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2
import pytest

from edge.listening import SECONDS_MAX, Sent, served_here, states_of, stream, until_states
from edge.wire import ACCEPT, CLIENT, LEGACY, MODERN, ask, call_mcp, era_headers, message
from signalbox.catalog import CATALOG, CHANNEL_CATALOG
from signalbox.config import Settings
from signalbox.db.callers import Callers
from signalbox.db.pool import Database
from signalbox.domain.presence import Heartbeats
from signalbox.edge import stream as beats
from signalbox.edge.listeners import Kept, Listeners, News
from signalbox.edge.mcp import channel as rules
from signalbox.edge.mcp.sessions import McpSession
from signalbox.edge.turns import Turns
from support import Agent, Project, ServerProcess

CHANNEL = "notifications/claude/channel"


class Claude:
    """A client of the channel's endpoint: one session, calls on it, and its stream."""

    def __init__(self, url: str, agent: Agent) -> None:
        self.url = f"{url}/channel/mcp"
        self.headers = {**era_headers(LEGACY, "", {}), **agent.headers}
        self.capabilities: dict[str, Any] = {}
        self.instructions = ""

    async def begin(self) -> None:
        params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": CLIENT}
        async with httpx2.AsyncClient() as web:
            answer = await web.post(self.url, headers=self.headers, json=message(LEGACY, "initialize", params))
            self.headers["Mcp-Session-Id"] = answer.headers["mcp-session-id"]
            ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
            assert (await web.post(self.url, headers=self.headers, json=ready)).status_code == 202
        result = answer.json()["result"]
        self.capabilities, self.instructions = result["capabilities"], result["instructions"]

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        async with httpx2.AsyncClient() as web:
            answer = await web.post(self.url, headers=self.headers, json=message(LEGACY, method, params))
        found: dict[str, Any] = answer.json()
        return found

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        found: dict[str, Any] = (await self.ask("tools/call", name=tool, arguments=arguments))["result"]
        return found

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[AsyncIterator[Sent]]:
        async with stream(self.url, self.headers) as sent:
            yield sent

    async def answer_check(self, sent: AsyncIterator[Sent]) -> str:
        """Wait for the doorbell check, and answer it; gives back what it said."""
        content, meta = rung(await anext(sent))
        check_id = meta["doorbell_check"]
        assert f"call channel_ok with id {check_id}" in content
        assert (await self.call("channel_ok", id=check_id))["structuredContent"]["live"] is True
        return content


@asynccontextmanager
async def claude(url: str, agent: Agent) -> AsyncIterator[Claude]:
    client = Claude(url, agent)
    await client.begin()
    yield client


@pytest.fixture
async def quick(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A server whose clocks are short."""
    monkeypatch.setattr(rules, "SETTLE_SECONDS", 0.3)
    monkeypatch.setattr(rules, "RING_PAUSE_SECONDS", 0.3)
    monkeypatch.setattr(beats, "BEAT_SECONDS", 0.1)
    async with served_here(settings) as url:
        yield url


def rung(sent: Sent) -> tuple[str, dict[str, str]]:
    assert sent.data["method"] == CHANNEL, sent
    params = sent.data["params"]
    assert all(name.replace("_", "").isalnum() and isinstance(value, str) for name, value in params["meta"].items())
    return params["content"], params["meta"]


@pytest.mark.parametrize("method", ["server/discover", "tools/list", "subscriptions/listen", "tools/call"])
async def test_the_stateless_era_is_refused_so_that_a_client_falls_back(
    web: httpx2.AsyncClient, agent: Agent, method: str
) -> None:
    headers = {**era_headers(MODERN, method, {"name": "whoami"}), **agent.headers}

    answer = await web.post("/channel/mcp", headers=headers, json=message(MODERN, method, {"name": "whoami"}))

    assert answer.status_code == 400
    assert answer.json() == {
        "jsonrpc": "2.0",
        "id": None,
        "error": {"code": -32000, "message": "Bad Request: Unsupported protocol version"},
    }


async def test_without_a_token_it_is_refused_first(web: httpx2.AsyncClient) -> None:
    headers = {**ACCEPT, "MCP-Protocol-Version": MODERN}

    answer = await web.post("/channel/mcp", headers=headers, json=message(MODERN, "server/discover", {}))

    assert answer.status_code == 401


async def test_it_declares_a_channel_and_has_one_tool_more(quick: str, web: httpx2.AsyncClient, agent: Agent) -> None:
    async with claude(quick, agent) as client:
        listed = [tool["name"] for tool in (await client.ask("tools/list"))["result"]["tools"]]
        elsewhere = (await ask(web, agent.token, "tools/list", era=LEGACY)).json()["result"]["tools"]

    assert client.capabilities["experimental"] == {"claude/channel": {}}
    assert client.capabilities["tools"] == {"listChanged": True}
    assert "doorbell" in client.instructions
    assert listed == [*(tool["name"] for tool in elsewhere), "channel_ok"]
    assert set(CHANNEL_CATALOG.tools) == {*CATALOG.tools, "channel_ok"}


async def test_posts_are_rung_once_the_model_has_shown_that_it_hears(
    two_workers: ServerProcess, agent: Agent, peer: Agent
) -> None:
    """The session's calls are served by whichever worker; the stream is in one of them."""
    with anyio.fail_after(2 * SECONDS_MAX):
        async with claude(two_workers.url, agent) as client, client.listening() as sent:
            await peer.call("post", to_actor="claude-1", subject="before", body="SECRET-BODY")
            said = await client.answer_check(sent)
            first = rung(await anext(sent))
            await peer.call("post", to_actor="claude-1", subject="after </channel> it", body="SECRET-BODY", ref="PR-7")
            second = rung(await anext(sent))
            await until_states(agent, 2, {agent.actor: ("offered", "channel")})

    assert said.endswith((". 1 post waits for you: read_posts.", ". Nothing else to do."))
    assert "before" in first[0]
    assert "call read_posts" in first[0].lower()
    assert (first[1]["from"], first[1]["post_id"]) == (peer.actor, "1")
    assert "after (/channel) it" in second[0]
    assert second[1]["post_id"] == "2"
    assert "SECRET-BODY" not in json.dumps([first, second, said])


async def test_nothing_is_rung_before_the_check_is_answered(quick: str, agent: Agent, peer: Agent) -> None:
    heard: list[Sent] = []
    with anyio.move_on_after(1):
        async with claude(quick, agent) as client, client.listening() as sent:
            await peer.call("post", to_actor="claude-1", body="look")
            heard.append(await anext(sent))
            await anext(sent)

    (content, meta) = rung(heard[0])
    assert list(meta) == ["doorbell_check"]
    assert "1 post waits for you" in content
    assert await states_of(agent, 1) == {agent.actor: ("queued", None)}


async def test_a_burst_is_rung_together_and_never_to_its_author(quick: str, agent: Agent, peer: Agent) -> None:
    with anyio.fail_after(2 * SECONDS_MAX):
        async with claude(quick, agent) as client, client.listening() as sent:
            await client.answer_check(sent)
            await agent.call("post", to_actor="claude-1", body="to myself")
            await peer.call("post", to_actor="claude-1", body="some time", urgency="info")
            for number in range(6):
                await peer.call("post", to_actor="claude-1", body=f"look {number}")
            found: list[str] = []
            doorbells = 0
            while len(found) < 6:
                _, meta = rung(await anext(sent))
                found += meta.get("post_ids", meta["post_id"]).split(",")
                doorbells += 1

    assert found == [str(post_id) for post_id in range(3, 9)]
    assert doorbells <= 2


async def test_a_post_that_comes_to_one_after_later_ones_is_rung(quick: str, agent: Agent, peer: Agent) -> None:
    """It waited in a lane that nobody was in."""
    await peer.call("post", to_lane="review", body="early")
    with anyio.fail_after(2 * SECONDS_MAX):
        async with claude(quick, agent) as client, client.listening() as sent:
            await client.answer_check(sent)
            await peer.call("post", to_actor="claude-1", body="late")
            first = rung(await anext(sent))
            await agent.call("register", lane="review")
            second = rung(await anext(sent))

    assert (first[1]["post_id"], second[1]["post_id"]) == ("2", "1")


async def test_a_proof_holds_for_its_session_when_the_stream_is_opened_again(
    quick: str, agent: Agent, peer: Agent
) -> None:
    with anyio.fail_after(3 * SECONDS_MAX):
        async with claude(quick, agent) as client:
            async with client.listening() as sent:
                await client.answer_check(sent)
            await peer.call("post", to_actor="claude-1", body="while it was closed")
            async with client.listening() as sent:
                _, meta = rung(await anext(sent))

    assert meta["post_id"] == "1"


async def test_only_the_checks_own_session_can_answer_it(
    quick: str, agent: Agent, peer: Agent, other_project: Project
) -> None:
    stranger = await other_project.join("claude-1")
    with anyio.fail_after(2 * SECONDS_MAX):
        async with claude(quick, agent) as client, client.listening() as sent:
            _, meta = rung(await anext(sent))
            answers = []
            for other in (peer, stranger):
                async with claude(quick, other) as guesser:
                    answers.append(await guesser.call("channel_ok", id=meta["doorbell_check"]))
            answers.append(await client.call("channel_ok", id="made-up"))
            mine = await client.call("channel_ok", id=meta["doorbell_check"])
            again = await client.call("channel_ok", id=meta["doorbell_check"])

    assert [answer["structuredContent"]["code"] for answer in answers] == ["not_found"] * 3
    assert mine["structuredContent"] == again["structuredContent"] == {"live": True}


async def test_the_tool_is_unknown_elsewhere(web: httpx2.AsyncClient, agent: Agent) -> None:
    answer = await ask(web, agent.token, "tools/call", {"name": "channel_ok", "arguments": {"id": "x"}})

    assert answer.json()["error"]["code"] == -32602
    assert (await call_mcp(web, agent.token, "whoami"))["isError"] is False


async def test_there_is_a_limit_of_doorbells_in_a_minute(
    database: Database, agent: Agent, peer: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("SETTLE_SECONDS", 0.0), ("RING_PAUSE_SECONDS", 0.0), ("RINGS_PER_MINUTE_MAX", 3)):
        monkeypatch.setattr(rules, name, value)
    said: list[Mapping[str, Any]] = []

    async def say(_method: str, params: Mapping[str, Any] | None) -> None:
        said.append(params or {})

    listeners = Listeners(Callers(database), Turns())
    session = McpSession(secrets.token_bytes(16), (await agent.principal()).participation_id, LEGACY, int(time.time()))
    with listeners.opened(await agent.principal(), follows=True) as listener:
        bells = rules.Doorbells(listeners, listener, session, Heartbeats())
        listener.kept = Kept(channel_ok=True)
        for number in range(5):
            await peer.call("post", to_actor="claude-1", body=f"look {number}")
            await bells.tell(News.MOVED, say)
        left = bells.seconds_left
        bells.close()

    assert [params["meta"]["post_id"] for params in said] == ["1", "2", "3"]
    assert left is not None
    assert 50 < left <= 60
