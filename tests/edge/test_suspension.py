"""A suspended owner: one clear answer on every surface, for reads and acts alike, and the end of what is open."""

from __future__ import annotations

from typing import Any

import anyio
import asyncpg
import httpx2
import pytest

from edge.test_streams import SECONDS_MAX, stream_of
from edge.wire import ERAS, LEGACY, MODERN, ask, call_rest, opened
from signalbox.domain import invites
from signalbox.domain.invites import InviteArgs
from support import Agent, Project, ServerProcess

CALLS: dict[str, dict[str, Any]] = {"whoami": {}, "claim": {"sequence": "adr"}, "post": {"to_lane": "a", "body": "b"}}


async def suspend(database_url: str, project: Project) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("update owners set suspended_at = now() where handle = $1", project.handle)
    await connection.close()


def assert_says_so(answer: httpx2.Response) -> None:
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "owner_suspended"
    assert "write to the operator" in answer.json()["error"]["message"]
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("tool", CALLS)
async def test_a_tool_called_over_mcp_answers_403(
    *, web: httpx2.AsyncClient, database_url: str, project: Project, agent: Agent, era: str, tool: str
) -> None:
    params = {"name": tool, "arguments": CALLS[tool]}
    before = await ask(web, agent.token, "tools/call", params, era=era)  # from now on the worker knows whose it is
    await suspend(database_url, project)

    assert before.status_code == 200
    assert_says_so(await ask(web, agent.token, "tools/call", params, era=era))


@pytest.mark.parametrize("tool", CALLS)
async def test_a_tool_called_over_rest_answers_403(
    web: httpx2.AsyncClient, database_url: str, project: Project, agent: Agent, tool: str
) -> None:
    before = await call_rest(web, agent.token, tool, CALLS[tool])
    await suspend(database_url, project)

    assert before.status_code == 200
    assert_says_so(await call_rest(web, agent.token, tool, CALLS[tool]))


@pytest.mark.parametrize("era", ERAS)
async def test_what_the_sdk_answers_is_refused_too(
    web: httpx2.AsyncClient, database_url: str, project: Project, agent: Agent, era: str
) -> None:
    session_id = await opened(web, agent)
    await suspend(database_url, project)

    assert_says_so(await ask(web, agent.token, "tools/list", era=era))
    gone = await web.get("/mcp", headers={**agent.headers, "Mcp-Session-Id": session_id})
    assert_says_so(gone)


@pytest.mark.parametrize("era", [MODERN, LEGACY])
async def test_an_open_stream_ends(
    two_workers: ServerProcess, database_url: str, project: Project, agent: Agent, era: str
) -> None:
    with anyio.fail_after(SECONDS_MAX):
        async with stream_of(era, two_workers, agent) as said:
            await suspend(database_url, project)
            rest = [heard async for heard in said]

    assert [heard.get("id") for heard in rest] == ([7] if era == MODERN else [])


async def test_an_invite_into_its_project_is_none(web: httpx2.AsyncClient, database_url: str, project: Project) -> None:
    invite = await invites.create_invite(project.database, project.owner, InviteArgs())
    await suspend(database_url, project)

    answer = await web.post("/join", json={"code": invite.code, "name": "late"})

    assert (answer.status_code, answer.json()["error"]) == (404, "invalid")
