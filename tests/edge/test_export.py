"""`GET /api/export`: everything once, as the caller, in any format; and what becomes of one that is cut off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx2
import pytest
from starlette.applications import Starlette
from starlette.types import Message, Receive, Scope, Send

from domain.acts import scene
from domain.looking import change
from proofs.operators import until
from signalbox.config import Settings
from signalbox.domain import exports
from signalbox.domain.exports import EXPORT_PAGE_EVENTS
from signalbox.identity import Scope as TokenScope
from support import Agent, Project, ServerProcess

SECONDS_MAX = 20


async def export(web: httpx2.AsyncClient, agent: Agent, **asked: Any) -> httpx2.Response:
    return await web.get("/api/export", params=asked, headers=agent.headers)


def ids(answer: httpx2.Response) -> list[int]:
    return [json.loads(line)["id"] for line in answer.text.splitlines()]


async def test_the_formats_tell_the_same(
    web: httpx2.AsyncClient, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "EXPORT_PAGE_EVENTS", 3)
    lead = await scene(project)
    lines = await export(web, lead)
    document = await export(web, lead, format="json")
    text = await export(web, lead, format="md")

    events = [json.loads(line) for line in lines.text.splitlines()]
    head = (await lead.call("query_events", limit=1))["events"][0]["id"]
    assert [event["id"] for event in events] == list(range(1, head + 1))
    assert document.json() == {"project": "main", "after": 0, "upto": head, "events": events}
    assert len(document.text.splitlines()) == head + 2
    assert text.text.count("\n## ") == head
    assert [answer.headers["content-type"] for answer in (lines, document, text)] == [
        "application/x-ndjson",
        "application/json",
        "text/markdown; charset=utf-8",
    ]
    assert document.headers["content-disposition"] == 'attachment; filename="main-ledger.json"'


async def test_nothing_is_a_whole_export_too(web: httpx2.AsyncClient, agent: Agent) -> None:
    asked = [
        await export(web, agent, format=export_format, lane="nothing") for export_format in ("json", "jsonl", "md")
    ]

    assert asked[0].json()["events"] == []
    assert asked[1].text == ""
    assert asked[2].text.startswith("# Ledger of `main`, posts to the lane `nothing`, up to event 1\n")


async def test_a_lane_has_the_posts_to_it_whoever_else_got_them(
    web: httpx2.AsyncClient, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "EXPORT_PAGE_EVENTS", 2)
    for lanes in (["docs"], ["backend", "docs"], ["backend"], ["docs", "review"], ["docs"]):
        await agent.call("post", to_lanes=lanes, body="Look.")

    assert ids(await export(web, agent, lane="docs")) == [2, 3, 5, 6]
    assert ids(await export(web, agent, lane="review")) == [5]


async def test_a_thread_has_its_posts(web: httpx2.AsyncClient, agent: Agent) -> None:
    for reply_to in (None, None, 1, 3):
        await agent.call("post", to_lane="docs", body="Look.", reply_to=reply_to)
    unknown = await export(web, agent, thread=9)

    assert ids(await export(web, agent, thread=3)) == [2, 4, 5]
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not_found")


async def test_an_export_goes_on_after_an_event(web: httpx2.AsyncClient, agent: Agent) -> None:
    for _ in range(3):
        await agent.call("claim", sequence="adr")

    assert ids(await export(web, agent, after=2)) == [3, 4]
    assert ids(await export(web, agent, after=4)) == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"format": "xml"}, "format"),
        ({"thread": "x"}, "thread"),
        ({"after": -1}, "after"),
        ({"lane": "a\nb"}, "lane"),
        ({"upto": 3}, "upto"),
    ],
)
async def test_what_cannot_be_exported_is_refused(
    web: httpx2.AsyncClient, agent: Agent, asked: dict[str, Any], field: str
) -> None:
    answer = await export(web, agent, **asked)

    assert answer.status_code == 400
    assert field in answer.json()["error"]["message"]


async def test_only_who_may_read_exports(web: httpx2.AsyncClient, project: Project) -> None:
    writer = await project.join("writer", scopes=frozenset({TokenScope.WRITE}))
    nobody = await web.get("/api/export")

    assert (await export(web, writer)).status_code == 403
    assert (nobody.status_code, "www-authenticate" in nobody.headers) == (401, True)


async def test_what_was_said_in_a_closed_lane_is_exported_for_its_insiders_only(
    web: httpx2.AsyncClient, agent: Agent, peer: Agent
) -> None:
    await agent.call("configure_lane", lane="closed", access="private")
    start = (await agent.call("query_events", limit=1))["events"][0]["id"]
    for lane in ("docs", "closed"):
        await agent.call("post", to_lane=lane, body="Look.")

    seen = [
        [ids(await export(web, caller, **asked)) for caller in (agent, peer)]
        for asked in ({"after": start}, {"lane": "closed"}, {"lane": "docs"})
    ]
    said, hidden = start + 1, start + 2
    assert seen == [[[said, hidden], [said]], [[hidden], []], [[said], [said]]]
    assert (await export(web, peer, thread=2)).status_code == 404


async def test_a_head_request_takes_no_file(web: httpx2.AsyncClient, agent: Agent) -> None:
    answer = await web.head("/api/export", headers=agent.headers)

    assert (answer.status_code, answer.content) == (200, b"")


@asynccontextmanager
async def long_export(app: Starlette, agent: Agent, settings: Settings, then: Any) -> AsyncIterator[list[bytes]]:
    """Export more than one page; `then` happens after the first one was sent."""
    for _ in range(EXPORT_PAGE_EVENTS + 1):
        await agent.call("claim", sequence="adr")
    sent: list[bytes] = []

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            await send(message)
            if message.get("body"):
                sent.append(message["body"])
                await then()

        await app(scope, receive, sending)

    transport = httpx2.ASGITransport(app=watched)
    async with httpx2.AsyncClient(transport=transport, base_url=settings.base_url) as client:
        with pytest.raises(AssertionError):  # the transport's own: it was begun and not ended
            await client.get("/api/export", headers=agent.headers)
    yield sent


async def test_an_export_breaks_off_when_its_token_ends(
    app: Starlette, agent: Agent, settings: Settings, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    who = await agent.principal()

    async def revoke() -> None:
        await change(
            database_url, "update tokens set revoked_at = now() where participation_id = $1", who.participation_id
        )

    async with long_export(app, agent, settings, revoke) as sent:
        assert [chunk.count(b"\n") for chunk in sent] == [EXPORT_PAGE_EVENTS, 1]
        assert json.loads(sent[-1])["error"]["code"] == "unauthenticated"
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_who_stops_taking_an_export_leaves_no_trace(
    server: ServerProcess, project: Project, agent: Agent, database_url: str
) -> None:
    others = len(server.log.read_text())
    for _ in range(20):
        await agent.call("post", to_lane="docs", body="x" * 8000)
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "insert into events (project_id, seq, at, participation_id, actor, type, payload, post_id) "
        "select e.project_id, n, at, participation_id, actor, type, payload, post_id "
        "from events e, generate_series(22, 20000) n where project_id = $1 and seq = 20",
        project.project_id,
    )
    await connection.execute("update ledgers set head = 20000 where project_id = $1", project.project_id)
    await connection.close()
    for _ in range(3):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            f"GET /api/export HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {agent.token}\r\n\r\n".encode()
        )
        async with asyncio.timeout(SECONDS_MAX):
            assert b"200" in await reader.readline()
            await reader.readexactly(100_000)
        writer.transport.abort()

    async def noted() -> bool:
        return server.log.read_text()[others:].count("path=/api/export") == 3

    await until(noted)
    log = server.log.read_text()[others:]

    assert log.count("tool=export outcome='hung\\x20up'") == 3
    assert "Error" not in log
    assert "Traceback" not in log
    assert (await agent.call("whoami"))["actor"] == agent.actor
