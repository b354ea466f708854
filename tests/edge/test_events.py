"""`GET /api/events` as JSON, and what it refuses before it opens a stream."""

from __future__ import annotations

from typing import Any

import anyio
import httpx2
import jsonschema_rs
import pytest

from edge.listening import EVENTS, SECONDS_MAX
from edge.wire import call_rest
from signalbox.config import Settings
from signalbox.edge.rest import openapi
from signalbox.identity import Scope
from support import Agent, Project


async def furnished(agent: Agent, peer: Agent) -> None:
    for sequence in ("adr", "port"):
        await agent.call("claim", sequence=sequence)
    await peer.call("post", to_actor="claude-1", body="look", ref="PR-7", tag="review")
    await peer.call("claim", sequence="adr")


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"after": 2},
        {"after": 0, "limit": 2},
        {"type": "claim"},
        {"type": "claim", "actor": "codex-1"},
        {"ref": "PR-7", "after": 0},
        {"tag": "review"},
        {"sequence": "adr", "since": "2020-01-01T00:00:00Z", "last_n": 1},
        {"before": 3},
        {"type": "nothing"},
    ],
)
async def test_it_answers_what_query_events_answers(
    web: httpx2.AsyncClient, agent: Agent, peer: Agent, asked: dict[str, Any]
) -> None:
    await furnished(agent, peer)

    answer = await web.get("/api/events", params=asked, headers=agent.headers)
    tool = await call_rest(web, agent.token, "query_events", asked)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["events"] == tool.json()["events"]
    assert answer.json().get("cursor") == tool.json().get("cursor")


@pytest.mark.parametrize("headers", [{}, EVENTS], ids=["once", "live"])
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("aftre=1", "did you mean 'after'?"),
        ("after=x", "after"),
        ("after=-1", "after"),
        ("after=99999999999999999", "after"),
        ("after=1&after=2", "after is given twice"),
        ("type=", "type"),
        ("type=a%00b", "type"),
        ("actor=nobody", "nobody"),
    ],
)
async def test_a_query_that_does_not_fit_is_refused(
    web: httpx2.AsyncClient, agent: Agent, query: str, words: str, headers: dict[str, str]
) -> None:
    with anyio.fail_after(SECONDS_MAX):
        answer = await web.get(f"/api/events?{query}", headers={**agent.headers, **headers})

    assert answer.status_code == (404 if "nobody" in query else 400)
    assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize("query", ["limit=3", "last_n=3", "before=9", "since=2020-01-01", "until=2030-01-01"])
async def test_what_only_a_page_can_be_asked_for_is_refused_while_following(
    web: httpx2.AsyncClient, agent: Agent, query: str
) -> None:
    answer = await web.get(f"/api/events?{query}", headers={**agent.headers, **EVENTS})

    assert answer.status_code == 400
    assert "while following" in answer.json()["error"]["message"]


@pytest.mark.parametrize("last_id", ["x", "-1", "1.5", "1" * 16])
async def test_an_id_that_no_event_has_is_refused(web: httpx2.AsyncClient, agent: Agent, last_id: str) -> None:
    answer = await web.get("/api/events", headers={**agent.headers, **EVENTS, "Last-Event-ID": last_id})

    assert answer.status_code == 400
    assert "Last-Event-ID" in answer.json()["error"]["message"]


@pytest.mark.parametrize("headers", [{}, EVENTS], ids=["once", "live"])
async def test_without_a_token_that_may_read_there_is_nothing(
    web: httpx2.AsyncClient, project: Project, headers: dict[str, str]
) -> None:
    writer = await project.join("writer", scopes=frozenset({Scope.WRITE}))

    nobody = await web.get("/api/events", headers=headers)
    narrow = await web.get("/api/events", headers={**writer.headers, **headers})

    assert nobody.status_code == 401
    assert "resource_metadata=" in nobody.headers["www-authenticate"]
    assert narrow.status_code == 403
    assert 'scope="read"' in narrow.headers["www-authenticate"]


async def test_asking_for_the_head_of_a_stream_opens_none(web: httpx2.AsyncClient, agent: Agent) -> None:
    answer = await web.head("/api/events", headers={**agent.headers, **EVENTS})

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")


async def test_the_document_says_how_it_answers(
    web: httpx2.AsyncClient, agent: Agent, peer: Agent, settings: Settings
) -> None:
    await furnished(agent, peer)
    operation = openapi(settings.base_url)["paths"]["/api/events"]["get"]

    answer = await web.get("/api/events", params={"after": 0}, headers=agent.headers)

    content = operation["responses"]["200"]["content"]
    jsonschema_rs.Draft202012Validator(content["application/json"]["schema"]).validate(answer.json())
    assert "text/event-stream" in content
    assert {given["name"] for given in operation["parameters"]} >= {"after", "actor", "type", "ref", "tag"}
