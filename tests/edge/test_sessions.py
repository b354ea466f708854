"""Sessions of the handshake era: ids that every worker can check, that hold nothing, and that end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from edge.wire import ACCEPT, CLIENT, LEGACY, MODERN, bearer, call_mcp, era_headers, in_session, message, opened
from proofs.furnished import all_rows
from signalbox.edge.mcp.sessions import SESSION_SECONDS_MAX, SessionIds
from support import Agent, Project, ServerProcess, serving

SECONDS_MAX = 10


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
    web: httpx2.AsyncClient, agent: Agent, project: Project, database_url: str
) -> None:
    """Opening one is an answer and nothing else: no row, and in the process no object that stays."""
    await opened(web, agent)
    before = await all_rows(database_url, project.project_id)
    ids = {SessionIds(b"k" * 32).open(1, LEGACY) for _ in range(10_000)}
    for _ in range(50):
        await opened(web, agent)

    assert len(ids) == 10_000
    assert "ended_sessions" in before
    assert await all_rows(database_url, project.project_id) == before


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
