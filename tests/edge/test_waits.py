"""Calls that wait, on the wire: how long, how a client hears that they go on, and what is left when it goes away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.types import Message

from edge.test_stdio import connected
from edge.wire import ACCEPT, ERAS, call_mcp, call_rest, era_headers, message
from proofs.operators import until
from signalbox.config import Settings
from signalbox.db import callers
from signalbox.edge.mcp import patience
from signalbox.edge.mcp.calls import Call
from support import Agent, serving

SECONDS_MAX = 10
TOKEN = "bell-7"


def wait_message(era: str, arguments: Mapping[str, Any], token: str | None = TOKEN) -> dict[str, Any]:
    """Write the call of a client that may name a token for progress."""
    written = message(era, "tools/call", {"name": "wait", "arguments": arguments})
    if token is not None:
        written["params"].setdefault("_meta", {})["progressToken"] = token
    return written


def wait_headers(era: str, agent: Agent) -> dict[str, str]:
    return {**era_headers(era, "tools/call", {"name": "wait"}), **agent.headers}


async def until_parked(app: Starlette, count: int = 1) -> None:
    waiters = app.state.open_streams[0]

    async def are_parked() -> bool:
        return bool(waiters.parked == count)

    await until(are_parked)


async def is_reached(web: httpx2.AsyncClient, agent: Agent) -> bool:
    """Say whether a participant is shown as one who waits."""
    active = (await call_rest(web, agent.token, "who_is_active")).json()["active"]
    return any(one["actor"] == agent.actor and "wait" in one.get("reach", ()) for one in active)


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Have calls reported often; answers what was."""
    reported: list[float] = []
    plain = Call.progress

    def progress(call: Call, seconds: float) -> bytes:
        reported.append(seconds)
        return plain(call, seconds)

    monkeypatch.setattr(patience, "REPORT_SECONDS", 0.01)
    monkeypatch.setattr(Call, "progress", progress)
    return reported


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have silent answers end soon."""
    monkeypatch.setattr(callers, "SILENT_SECONDS_MAX", 0.05)


@pytest.mark.parametrize("era", ERAS)
async def test_a_long_wait_is_answered_in_events_with_reports_that_grow(
    web: httpx2.AsyncClient, agent: Agent, peer: Agent, reports: list[float], era: str
) -> None:
    wish = wait_message(era, {"timeout_seconds": 290})
    waiting = asyncio.create_task(web.post("/mcp", headers=wait_headers(era, agent), content=json.dumps(wish)))

    async def are_some() -> bool:
        return len(reports) > 2

    await until(are_some)
    await call_rest(web, peer.token, "post", {"to_actor": agent.actor, "body": "Look."})
    async with asyncio.timeout(SECONDS_MAX):
        answer = await waiting

    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["x-accel-buffering"] == "no"
    said = [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line.startswith("data: ")]
    *notices, last = said
    assert last["result"]["structuredContent"]["fired"] == [{"on": "post", "index": 0, "post_ids": [1]}]
    assert last["id"] == 1
    assert {report["method"] for report in notices} == {"notifications/progress"}
    assert {report["params"]["progressToken"] for report in notices} == {TOKEN}
    assert [report["params"]["progress"] for report in notices] == reports == sorted(set(reports))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("token", "seconds", "accept"),
    [(None, 290, ACCEPT["Accept"]), (TOKEN, 50, ACCEPT["Accept"]), (TOKEN, 290, "application/json")],
    ids=["no token", "short", "no events"],
)
async def test_a_wait_that_is_short_or_cannot_be_heard_of_is_answered_as_json(
    web: httpx2.AsyncClient, agent: Agent, token: str | None, seconds: int, accept: str
) -> None:
    headers = wait_headers(ERAS[0], agent) | {"Accept": accept}
    async with asyncio.timeout(SECONDS_MAX):
        wish = json.dumps(wait_message(ERAS[0], {"timeout_seconds": seconds}, token))
        answer = await web.post("/mcp", headers=headers, content=wish)

    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["result"]["structuredContent"]["fired"] == []


@pytest.mark.usefixtures("impatient")
async def test_a_wait_over_rest_ends_before_clients_lose_their_patience(web: httpx2.AsyncClient, agent: Agent) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        answer = await call_rest(web, agent.token, "wait", {"timeout_seconds": 290})

    assert answer.json()["fired"] == []


@pytest.mark.parametrize("era", ERAS)
async def test_a_token_that_ends_in_a_long_wait_is_an_answer_in_its_stream(
    app: Starlette, web: httpx2.AsyncClient, lead: Agent, agent: Agent, era: str
) -> None:
    wish = wait_message(era, {"timeout_seconds": 290})
    waiting = asyncio.create_task(web.post("/mcp", headers=wait_headers(era, agent), content=json.dumps(wish)))
    await until_parked(app)
    await call_mcp(web, lead.token, "admin_revoke", {"participant_name": agent.actor})
    async with asyncio.timeout(SECONDS_MAX):
        answer = await waiting

    last = json.loads(answer.text.rstrip().splitlines()[-1].removeprefix("data: "))
    assert last["result"]["isError"]
    assert last["result"]["structuredContent"]["code"] == "unauthenticated"


@pytest.mark.parametrize("way", ["mcp, as json", "mcp, in events", "rest"])
async def test_who_hangs_up_frees_the_waiter(app: Starlette, settings: Settings, agent: Agent, way: str) -> None:
    gone = asyncio.Event()
    wish = wait_message(ERAS[0], {"timeout_seconds": 50 if way == "mcp, as json" else 290})
    body = json.dumps({"timeout_seconds": 50} if way == "rest" else wish).encode()
    given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if given:
            return given.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        """Take it."""

    path = "/api/tools/wait" if way == "rest" else "/mcp"
    headers = wait_headers(ERAS[0], agent) | {"host": settings.base_url.partition("//")[2]}
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8787),
    }
    serving = asyncio.create_task(app(scope, receive, send))
    await until_parked(app)
    gone.set()

    await until_parked(app, 0)
    async with asyncio.timeout(SECONDS_MAX):
        await serving


async def test_who_waits_is_seen_as_one_who_can_be_reached_so(
    app: Starlette, web: httpx2.AsyncClient, agent: Agent
) -> None:
    waiting = asyncio.create_task(call_mcp(web, agent.token, "wait", {"timeout_seconds": 50}))
    await until_parked(app)

    await until(lambda: is_reached(web, agent))
    waiting.cancel()


async def test_a_server_that_stops_answers_whoever_waits(database_url: str, tmp_path: Path, agent: Agent) -> None:
    with serving(database_url, tmp_path) as own:
        async with httpx2.AsyncClient(base_url=own.url, timeout=SECONDS_MAX) as client:
            waiting = asyncio.create_task(call_rest(client, agent.token, "wait", {"timeout_seconds": 50}))
            await until(lambda: is_reached(client, agent))
            code = await asyncio.to_thread(own.stop)
            answer = await waiting

    assert code == 0
    assert (answer.status_code, answer.json()["fired"]) == (200, [])


async def test_a_wait_over_pipes_keeps_nobody_else_waiting(database_url: str, agent: Agent, tmp_path: Path) -> None:
    async with connected(database_url, agent.token, "auto", tmp_path / "stderr") as client:
        now = await client.call_tool("wait", {"timeout_seconds": 0})
        assert now.structured_content is not None
        after = now.structured_content["cursor"]
        arguments = {"for": [{"on": "seq"}], "after": after, "timeout_seconds": 290}
        waiting = asyncio.create_task(client.call_tool("wait", arguments))
        claimed = await client.call_tool("claim", {"sequence": "adr"})
        async with asyncio.timeout(SECONDS_MAX):
            answer = await waiting

    assert not claimed.is_error
    assert answer.structured_content == {"fired": [{"on": "seq", "index": 0, "seqs": [after + 1]}], "cursor": after + 1}
