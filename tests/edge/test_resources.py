"""Documents as MCP resources, in both eras: listed, read, and told of when they change."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2
import pytest

from edge.listening import SECONDS_MAX, Sent, stream
from edge.wire import ERAS, LEGACY, MODERN, ask, envelope, era_headers, in_session, message, opened
from signalbox.domain.documents import SUBSCRIPTIONS_MAX
from signalbox.identity import Scope
from support import Agent, Project, ServerProcess

INBOX, BOARD, LEDGER = "signalbox://inbox", "signalbox://board", "signalbox://ledger"
DOCUMENT_BYTES_MAX = 20_000
UPDATED = "notifications/resources/updated"


async def read(web: httpx2.AsyncClient, agent: Agent, uri: str, era: str = MODERN) -> dict[str, Any]:
    answer = (await ask(web, agent.token, "resources/read", {"uri": uri}, era=era)).json()
    assert "result" in answer, answer
    (content,) = answer["result"]["contents"]
    assert (content["uri"], content["mimeType"]) == (uri, "application/json")
    assert ("ttlMs" in answer["result"]) == (era == MODERN)
    document: dict[str, Any] = json.loads(content["text"])
    assert content["text"] == json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return document


@pytest.mark.parametrize("era", ERAS)
async def test_the_documents_are_listed_and_can_be_read(web: httpx2.AsyncClient, agent: Agent, era: str) -> None:
    listed = (await ask(web, agent.token, "resources/list", era=era)).json()["result"]["resources"]
    templates = (await ask(web, agent.token, "resources/templates/list", era=era)).json()["result"]

    assert [one["uri"] for one in listed] == [INBOX, BOARD, LEDGER]
    assert [one["uriTemplate"] for one in templates["resourceTemplates"]] == ["signalbox://ledger{?after}"]
    for one in listed:
        assert await read(web, agent, one["uri"], era)


@pytest.mark.parametrize("era", ERAS)
async def test_the_inbox_has_what_waits_for_its_reader_without_bodies(
    web: httpx2.AsyncClient, agent: Agent, peer: Agent, era: str
) -> None:
    await peer.call("post", to_actor="claude-1", subject="first", body="a body", ref="PR-7")
    await peer.call("post", to_actor="claude-1", body="another body")
    await peer.call("post", to_actor="codex-1", body="to myself")
    await agent.call("post", to_actor="codex-1", body="to the other")

    document = await read(web, agent, INBOX, era)

    assert document["unread"] == 2
    assert [(post["post_id"], post["from"]) for post in document["posts"]] == [(2, peer.actor), (1, peer.actor)]
    assert document["posts"][1]["subject"] == "first"
    assert "body" not in json.dumps(document)


async def test_the_ledger_is_its_newest_events_or_goes_on_after_one(web: httpx2.AsyncClient, agent: Agent) -> None:
    for _ in range(60):
        await agent.call("claim", sequence="adr")
    head = (await agent.call("whats_new"))["head"]

    newest = await read(web, agent, LEDGER)
    first = await read(web, agent, f"{LEDGER}?after=0")
    last = await read(web, agent, f"{LEDGER}?after={first['cursor']}")

    assert [event["id"] for event in newest["events"]] == list(range(head, head - 50, -1))
    ids = [event["id"] for event in first["events"] + last["events"]]
    assert ids == list(range(1, head + 1))
    assert last["cursor"] == head


async def test_documents_stay_small(web: httpx2.AsyncClient, lead: Agent, project: Project) -> None:
    for number in range(30):
        agent = await project.join(f"agent-{number}", lane="backend")
        await agent.call("register", lane="backend", status="s" * 100)
        await agent.call("lease", surface=f"src/{number}", note="n" * 100)
        await agent.call("claim", sequence=f"seq-{number}", note="n" * 100)
        await agent.call("post", to_actor="lead", subject="s" * 150, body="b" * 8000)
    for uri in (INBOX, BOARD, LEDGER):
        document = await read(web, lead, uri)
        assert len(json.dumps(document, separators=(",", ":"))) < DOCUMENT_BYTES_MAX

    board = await read(web, lead, BOARD)
    assert board["leases_count"] == 30
    assert len(board["leases"]) == len(board["sequences"]) == 10


@pytest.mark.parametrize(("era", "code"), [(MODERN, -32602), (LEGACY, -32002)])
@pytest.mark.parametrize("uri", ["signalbox://nothing", "signalbox://inbox?after=1", f"{LEDGER}?after=x", "x", ""])
async def test_an_address_of_nothing_is_refused(
    web: httpx2.AsyncClient, agent: Agent, uri: str, *, era: str, code: int
) -> None:
    answer = await ask(web, agent.token, "resources/read", {"uri": uri}, era=era)

    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["data"] == {"uri": uri}


@pytest.mark.parametrize("era", ERAS)
async def test_a_token_that_may_not_read_reads_no_document(web: httpx2.AsyncClient, project: Project, era: str) -> None:
    writer = await project.join("writer", scopes=frozenset({Scope.WRITE}))

    answer = await ask(web, writer.token, "resources/read", {"uri": LEDGER}, era=era)

    assert answer.status_code == 403
    assert 'scope="read"' in answer.headers["www-authenticate"]


async def test_who_has_no_session_has_no_stream_to_hear_on(web: httpx2.AsyncClient, agent: Agent) -> None:
    answer = await ask(web, agent.token, "resources/subscribe", {"uri": LEDGER}, era=LEGACY)

    assert "Mcp-Session-Id" in answer.json()["error"]["message"]


class Session:
    """A session of the handshake era: calls on connections of their own, and a stream."""

    def __init__(self, server: ServerProcess, agent: Agent, session_id: str) -> None:
        self.url = f"{server.url}/mcp"
        self.headers = in_session(agent, session_id)

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        async with httpx2.AsyncClient() as web:
            answer = await web.post(self.url, headers=self.headers, json=message(LEGACY, method, params))
        found: dict[str, Any] = answer.json()
        return found


@asynccontextmanager
async def hearing(
    era: str, server: ServerProcess, agent: Agent, *uris: str
) -> AsyncIterator[tuple[AsyncIterator[Sent], Session | None]]:
    """Subscribe to documents as an era does; yields what is told, and the session if the era has one."""
    if era == MODERN:
        params = {"_meta": envelope(), "notifications": {"resourceSubscriptions": list(uris)}}
        wish = {"jsonrpc": "2.0", "id": 7, "method": "subscriptions/listen", "params": params}
        headers = {**agent.headers, **era_headers(MODERN, "subscriptions/listen", {})}
        async with stream(f"{server.url}/mcp", headers, wish) as sent:
            first = await anext(sent)
            assert first.data["method"] == "notifications/subscriptions/acknowledged"
            yield sent, None
    else:
        async with httpx2.AsyncClient(base_url=server.url) as web:
            session = Session(server, agent, await opened(web, agent))
        async with stream(session.url, session.headers) as sent:
            for uri in uris:
                assert (await session.ask("resources/subscribe", uri=uri))["result"] == {}
            yield sent, session


def told(sent: Sent) -> str:
    assert sent.data["method"] == UPDATED
    uri: str = sent.data["params"]["uri"]
    return uri


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("uri", [INBOX, BOARD, LEDGER, f"{LEDGER}?after=3"])
async def test_who_subscribed_is_told_that_a_document_changed(
    two_workers: ServerProcess, agent: Agent, peer: Agent, uri: str, era: str
) -> None:
    with anyio.fail_after(SECONDS_MAX):
        async with hearing(era, two_workers, agent, uri) as (sent, _):
            await peer.call("post", to_actor="claude-1", body="look")
            heard = await anext(sent)
            if uri == INBOX:
                await agent.call("ack", post_id=1)
                assert told(await anext(sent)) == uri

    assert told(heard) == uri
    if era == MODERN:
        assert heard.data["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == 7


@pytest.mark.parametrize("era", ERAS)
async def test_nothing_is_told_of_what_is_not_subscribed_to_and_of_other_projects(
    two_workers: ServerProcess, agent: Agent, peer: Agent, other_project: Project, era: str
) -> None:
    stranger = await other_project.join("claude-1")
    with anyio.fail_after(SECONDS_MAX):
        async with hearing(era, two_workers, agent, INBOX) as (sent, _):
            await stranger.call("post", to_actor="claude-1", body="in another project")
            await peer.call("claim", sequence="adr")
            await peer.call("post", to_actor="codex-1", body="to myself")
            await peer.call("post", to_actor="claude-1", body="look")
            heard = [told(await anext(sent))]
            await agent.call("ack", post_id=2)
            heard.append(told(await anext(sent)))

    assert heard == [INBOX, INBOX]


@pytest.mark.parametrize("era", ERAS)
async def test_a_closed_lane_changes_no_document_of_who_is_not_in_it(
    two_workers: ServerProcess, lead: Agent, agent: Agent, era: str
) -> None:
    await lead.call("configure_lane", lane="room", access="private")
    with anyio.fail_after(SECONDS_MAX):
        async with hearing(era, two_workers, agent, LEDGER, INBOX) as (sent, _):
            await lead.call("post", to_lane="room", body="SECRET")
            await lead.call("post", to_actor="claude-1", body="look")
            heard = {told(await anext(sent)), told(await anext(sent))}

    assert heard == {LEDGER, INBOX}


async def test_what_changes_before_the_stream_hears_of_the_subscription_is_told(
    two_workers: ServerProcess, agent: Agent
) -> None:
    """The session subscribes, the ledger moves, and only then is there a stream."""
    async with httpx2.AsyncClient(base_url=two_workers.url) as web:
        session = Session(two_workers, agent, await opened(web, agent))
    await session.ask("resources/subscribe", uri=LEDGER)
    await agent.call("claim", sequence="adr")
    with anyio.fail_after(SECONDS_MAX):
        async with stream(session.url, session.headers) as sent:
            heard = await anext(sent)

    assert told(heard) == LEDGER


async def test_who_unsubscribed_is_told_no_more(two_workers: ServerProcess, agent: Agent, peer: Agent) -> None:
    with anyio.fail_after(SECONDS_MAX):
        async with hearing(LEGACY, two_workers, agent, LEDGER, INBOX) as (sent, session):
            assert session is not None
            await peer.call("post", to_actor="claude-1", body="look")
            first = {told(await anext(sent)), told(await anext(sent))}
            await session.ask("resources/unsubscribe", uri=LEDGER)
            async with stream(session.url, session.headers) as again:  # which knows of both by its first proof
                assert told(await anext(again)) == INBOX

    assert first == {LEDGER, INBOX}


@pytest.mark.parametrize("era", ERAS)
async def test_one_may_subscribe_to_so_many_and_to_what_there_is(
    two_workers: ServerProcess, agent: Agent, era: str
) -> None:
    many = [f"{LEDGER}?after={number}" for number in range(SUBSCRIPTIONS_MAX + 1)]
    with anyio.fail_after(SECONDS_MAX):
        if era == LEGACY:
            async with hearing(era, two_workers, agent, *many[1:]) as (_, session):
                assert session is not None
                again = await session.ask("resources/subscribe", uri=many[1])
                more = await session.ask("resources/subscribe", uri=many[0])
                nothing = await session.ask("resources/subscribe", uri="signalbox://nothing")
            assert again["result"] == {}
            assert more["error"]["data"]["code"] == "too_many"
            assert nothing["error"]["code"] == -32002
        else:
            with pytest.raises(AssertionError, match="16 resources at most"):
                async with hearing(era, two_workers, agent, *many):
                    pass
            async with hearing(era, two_workers, agent, *many[1:], "signalbox://nothing"):
                pass


async def test_subscriptions_end_with_the_session(two_workers: ServerProcess, agent: Agent) -> None:
    with anyio.fail_after(SECONDS_MAX):
        async with hearing(LEGACY, two_workers, agent, LEDGER) as (sent, session):
            assert session is not None
            async with httpx2.AsyncClient() as web:
                await web.delete(session.url, headers=session.headers)
            rest = [one async for one in sent]

    assert rest == []
