"""Sessions of the handshake era: ids that every worker can check, that hold nothing, and that end."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import asyncpg
import httpx2
import pytest

from edge.wire import ACCEPT, CLIENT, LEGACY, MODERN, bearer, call_mcp, envelope, era_headers, message
from signalbox.edge.mcp.sessions import SESSION_SECONDS_MAX, SessionIds
from support import Agent, Project, ServerProcess, serving

SECONDS_MAX = 10


async def opened(web: httpx2.AsyncClient, agent: Agent, version: str = LEGACY) -> str:
    """Open a session; answers its id."""
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": CLIENT}
    answer = await web.post("/mcp", headers={**ACCEPT, **agent.headers}, json={**message(LEGACY, "initialize", params)})
    session_id: str = answer.headers["mcp-session-id"]
    return session_id


def in_session(agent: Agent, session_id: str) -> dict[str, str]:
    return {**era_headers(LEGACY, "", {}), **agent.headers, "Mcp-Session-Id": session_id}


async def ask_in(
    web: httpx2.AsyncClient, agent: Agent, session_id: str, method: str = "tools/list", **params: Any
) -> httpx2.Response:
    return await web.post("/mcp", headers=in_session(agent, session_id), json=message(LEGACY, method, params))


async def call_in(web: httpx2.AsyncClient, agent: Agent, session_id: str, tool: str, **given: Any) -> httpx2.Response:
    return await ask_in(web, agent, session_id, "tools/call", name=tool, arguments=given)


def assert_gone(answer: httpx2.Response) -> None:
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == -32600
    assert "initialize" in answer.json()["error"]["message"]


@pytest.mark.parametrize("tool", ["whoami", "claim"])
async def test_a_session_serves_reads_and_acts(web: httpx2.AsyncClient, agent: Agent, tool: str) -> None:
    session_id = await opened(web, agent)
    given = {"sequence": "adr"} if tool == "claim" else {}

    for _ in range(2):
        answer = await call_in(web, agent, session_id, tool, **given)
        assert answer.status_code == 200
        assert not answer.json()["result"]["isError"]


async def test_two_sessions_opened_at_once_are_two(web: httpx2.AsyncClient, agent: Agent) -> None:
    first, second = await opened(web, agent), await opened(web, agent)

    ended = await web.delete("/mcp", headers=in_session(agent, first))

    assert first != second
    assert ended.status_code == 204
    assert_gone(await ask_in(web, agent, first))
    assert (await ask_in(web, agent, second)).status_code == 200


@pytest.mark.parametrize("how", ["reads", "acts", "lists", "deletes", "streams"])
async def test_an_ended_session_is_gone_for_everything(web: httpx2.AsyncClient, agent: Agent, how: str) -> None:
    session_id = await opened(web, agent)
    await call_in(web, agent, session_id, "claim", sequence="warm")  # the caller is known from now on
    await web.delete("/mcp", headers=in_session(agent, session_id))

    match how:
        case "reads":
            answer = await call_in(web, agent, session_id, "whoami")
        case "acts":
            answer = await call_in(web, agent, session_id, "claim", sequence="adr")
        case "lists":
            answer = await ask_in(web, agent, session_id)
        case "deletes":
            answer = await web.delete("/mcp", headers=in_session(agent, session_id))
        case _:
            answer = await web.get("/mcp", headers=in_session(agent, session_id))

    assert_gone(answer)
    events = (await agent.call("query_events", type="claim"))["events"]
    assert [event["payload"]["sequence"] for event in events] == ["warm"]


def changed(session_id: str) -> list[str]:
    swapped = "A" if session_id[-3] != "A" else "B"
    return ["", "x", "é", "a" * 54, session_id[:-1], session_id + "A", session_id[:-3] + swapped + session_id[-2:]]


async def test_an_id_that_was_not_given_out_is_unknown(web: httpx2.AsyncClient, agent: Agent) -> None:
    session_id = await opened(web, agent)
    signed_by_another = SessionIds(bytes(32)).open((await agent.principal()).participation_id, LEGACY)

    for wrong in [*changed(session_id), signed_by_another]:
        headers = {name.encode(): value.encode("latin-1") for name, value in in_session(agent, wrong).items()}
        assert_gone(await web.post("/mcp", headers=headers, json=message(LEGACY, "tools/list", {})))


@pytest.mark.parametrize("tool", ["whoami", "claim"])
async def test_a_session_is_its_participations_own(
    web: httpx2.AsyncClient, agent: Agent, peer: Agent, other_project: Project, tool: str
) -> None:
    session_id = await opened(web, agent)
    stranger = await other_project.join("claude-1")

    for other in (peer, stranger):
        assert_gone(await call_in(web, other, session_id, tool, **({"sequence": "adr"} if tool == "claim" else {})))


async def test_an_invalid_token_is_told_so_and_nothing_of_the_session(web: httpx2.AsyncClient, agent: Agent) -> None:
    session_id = await opened(web, agent)
    headers = {**in_session(agent, session_id), "Authorization": "Bearer sbx_no"}

    answer = await web.post("/mcp", headers=headers, json=message(LEGACY, "tools/list", {}))

    assert answer.status_code == 401


async def test_a_session_outlives_the_token_it_was_opened_with(
    web: httpx2.AsyncClient, agent: Agent, project: Project
) -> None:
    session_id = await opened(web, agent)
    again = await project.join("claude-1")

    assert (await ask_in(web, again, session_id)).status_code == 200


async def test_ids_expire_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = SessionIds(b"k" * 32)
    session_id = ids.open(7, LEGACY)
    read = ids.read(session_id)
    assert read is not None
    assert (read.participation_id, read.protocol_version, len(read.key)) == (7, LEGACY, 16)

    now = time.time()
    for seconds, holds in [(SESSION_SECONDS_MAX - 5, True), (SESSION_SECONDS_MAX, False), (-200, True), (-400, False)]:
        monkeypatch.setattr(time, "time", lambda seconds=seconds: now + seconds)
        assert (ids.read(session_id) is not None) is holds


async def test_initialize_does_not_mind_a_session_that_is_gone(web: httpx2.AsyncClient, agent: Agent) -> None:
    params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": CLIENT}

    answer = await web.post("/mcp", headers=in_session(agent, "gone"), json=message(LEGACY, "initialize", params))

    assert answer.status_code == 200
    assert answer.headers["mcp-session-id"] != "gone"


async def test_the_modern_era_knows_no_sessions(web: httpx2.AsyncClient, agent: Agent) -> None:
    headers = {**era_headers(MODERN, "tools/list", {}), **agent.headers, "Mcp-Session-Id": "gone"}

    answer = await web.post("/mcp", headers=headers, json=message(MODERN, "tools/list", {}))

    assert answer.status_code == 200
    assert "mcp-session-id" not in answer.headers


async def test_a_client_that_names_no_version_is_served_in_its_sessions_one(
    web: httpx2.AsyncClient, agent: Agent
) -> None:
    session_id = await opened(web, agent, "2025-06-18")
    headers = {**ACCEPT, **agent.headers, "Mcp-Session-Id": session_id}

    answer = await web.post("/mcp", headers=headers, json=message(LEGACY, "ping", {}))

    assert (answer.status_code, answer.json()["result"]) == (200, {})


@pytest.mark.parametrize("verb", ["GET", "DELETE"])
async def test_stream_and_end_need_a_session(web: httpx2.AsyncClient, agent: Agent, verb: str) -> None:
    answer = await web.request(verb, "/mcp", headers={**era_headers(LEGACY, "", {}), **agent.headers})

    assert answer.status_code == 400
    assert "Mcp-Session-Id" in answer.json()["error"]["message"]


async def test_a_stream_must_be_accepted(web: httpx2.AsyncClient, agent: Agent) -> None:
    headers = {**in_session(agent, await opened(web, agent)), "Accept": "application/json"}

    assert (await web.get("/mcp", headers=headers)).status_code == 406


async def test_ten_thousand_abandoned_sessions_leave_nothing(
    web: httpx2.AsyncClient, agent: Agent, database_url: str
) -> None:
    """Opening one is an answer and nothing else: no row, no commit, and in the process no object that stays."""
    operator = await asyncpg.connect(database_url)
    size = "select sum(pg_total_relation_size(oid)) from pg_class where relkind = 'r' and relname !~ '^pg_'"
    await opened(web, agent)
    before = await operator.fetchval("select count(*) from ended_sessions"), await operator.fetchval(size)
    ids = {SessionIds(b"k" * 32).open(1, LEGACY) for _ in range(10_000)}
    for _ in range(50):
        await opened(web, agent)
    after = await operator.fetchval("select count(*) from ended_sessions"), await operator.fetchval(size)
    await operator.close()

    assert len(ids) == 10_000
    assert after == before


@asynccontextmanager
async def listening(url: str, headers: dict[str, str], body: Any = None) -> AsyncIterator[AsyncIterator[str]]:
    """Open a stream on a server process; yields its lines once the first has come."""
    async with httpx2.AsyncClient(timeout=SECONDS_MAX) as client:
        verb = "GET" if body is None else "POST"
        content = None if body is None else json.dumps(body)
        async with client.stream(verb, f"{url}/mcp", headers=headers, content=content) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["x-accel-buffering"] == "no"
            yield answer.aiter_lines()


def listen_message(request_id: int) -> dict[str, Any]:
    params = {"_meta": envelope(), "notifications": {"toolsListChanged": True}}
    return {"jsonrpc": "2.0", "id": request_id, "method": "subscriptions/listen", "params": params}


async def messages(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
    async for line in lines:
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


@asynccontextmanager
async def stream_of(era: str, server: ServerProcess, agent: Agent) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """Open what an era has for changes of lists; yields its messages."""
    if era == MODERN:
        headers = {**era_headers(MODERN, "subscriptions/listen", {}), **agent.headers}
        async with listening(server.url, headers, listen_message(7)) as lines:
            said = messages(lines)
            first = await anext(said)
            assert first["method"] == "notifications/subscriptions/acknowledged"
            assert first["params"]["notifications"] == {"toolsListChanged": True}
            yield said
    else:
        async with httpx2.AsyncClient(base_url=server.url) as web:
            session_id = await opened(web, agent)
        async with listening(server.url, in_session(agent, session_id)) as lines:
            assert (await anext(lines)).startswith(":")
            yield messages(lines)


@pytest.mark.parametrize("era", [MODERN, LEGACY])
async def test_who_becomes_a_lead_is_told_that_the_tools_changed(
    two_workers: ServerProcess, project: Project, agent: Agent, era: str
) -> None:
    with anyio.fail_after(SECONDS_MAX):
        async with stream_of(era, two_workers, agent) as said:
            await project.join("claude-1", lead=True)
            heard = await anext(said)

    assert heard["method"] == "notifications/tools/list_changed"
    if era == MODERN:
        assert heard["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == 7


@pytest.mark.parametrize("era", [MODERN, LEGACY])
async def test_a_stream_ends_with_its_callers_token(
    two_workers: ServerProcess, lead: Agent, agent: Agent, era: str
) -> None:
    with anyio.fail_after(SECONDS_MAX):
        async with stream_of(era, two_workers, agent) as said:
            await lead.call("admin_revoke", participant_name="claude-1")
            rest = [heard async for heard in said]

    assert [heard.get("id") for heard in rest] == ([7] if era == MODERN else [])


async def test_a_stream_ends_with_its_session(two_workers: ServerProcess, agent: Agent) -> None:
    with anyio.fail_after(SECONDS_MAX):
        async with httpx2.AsyncClient(base_url=two_workers.url) as web:
            session_id = await opened(web, agent)
            async with listening(two_workers.url, in_session(agent, session_id)) as lines:
                assert (await anext(lines)).startswith(":")
                await web.delete("/mcp", headers=in_session(agent, session_id))
                rest = [line async for line in messages(lines)]

    assert rest == []


async def test_a_session_is_served_by_every_worker_and_after_a_restart_of_all(
    database_url: str, project: Project, tmp_path: Path
) -> None:
    agent = await project.join("claude-1")
    served: list[int] = []
    with serving(database_url, tmp_path, workers=2) as first:
        async with httpx2.AsyncClient(base_url=first.url) as web:
            session_id = await opened(web, agent)
        for _ in range(20):  # each on a connection of its own: the kernel chooses the worker
            async with httpx2.AsyncClient(base_url=first.url) as web:
                served.append((await call_in(web, agent, session_id, "claim", sequence="adr")).status_code)
    with serving(database_url, tmp_path, workers=2) as second:
        async with httpx2.AsyncClient(base_url=second.url) as web:
            served.append((await call_in(web, agent, session_id, "claim", sequence="adr")).status_code)

    assert served == [200] * 21


async def test_a_revoked_token_ends_on_every_worker_by_the_next_call(
    two_workers: ServerProcess, lead: Agent, agent: Agent
) -> None:
    """Both workers know the caller from a moment ago; neither serves it, for a read or an act, once it is revoked."""
    clients = [httpx2.AsyncClient(base_url=two_workers.url) for _ in range(12)]  # a connection stays with its worker
    try:
        for web in clients:
            await call_mcp(web, agent.token, "claim", {"sequence": "adr"})
        await lead.call("admin_revoke", participant_name="claude-1")
        answers = [
            await web.post(f"/api/tools/{tool}", headers=bearer(agent.token), json=given)
            for web in clients
            for tool, given in (("claim", {"sequence": "adr"}), ("whoami", {}))
        ]
    finally:
        for web in clients:
            await web.aclose()

    assert {answer.status_code for answer in answers} == {401}
    assert len((await lead.call("query_events", type="claim"))["events"]) == 12
