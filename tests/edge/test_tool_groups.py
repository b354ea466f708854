"""Groups of tools: what `?tools=` and a token have listed; every tool can be called all the same."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from domain.managing import read
from edge.wire import ADMIN_TOOLS, ERAS, EVERYDAY_TOOLS, bearer, era_headers, message
from signalbox.catalog import CATALOG
from signalbox.domain.tokens import MintArgs, RotateArgs, list_project_tokens, mint_token, rotate_one
from signalbox.identity import EVERYDAY_GROUPS, ToolGroup
from support import Agent, Project

NEEDED_BY_ALL = {"whats_new", "post", "read_posts", "ack", "claim", "lease", "release", "register", "whoami"}


async def asked(
    web: httpx2.AsyncClient, agent: Agent, query: str, method: str = "tools/list", era: str = ERAS[0], **params: Any
) -> httpx2.Response:
    """Send a request to the endpoint with a query in its URL."""
    headers = {**era_headers(era, method, params), **bearer(agent.token)}
    return await web.post(f"/mcp?{query}", headers=headers, content=json.dumps(message(era, method, params)))


async def listed(web: httpx2.AsyncClient, agent: Agent, query: str = "", era: str = ERAS[0]) -> list[str]:
    answer = await asked(web, agent, query, era=era)
    assert answer.status_code == 200, answer.text
    return [tool["name"] for tool in answer.json()["result"]["tools"]]


def in_groups(*groups: str) -> list[str]:
    return [tool.name for tool in CATALOG if tool.group in groups]


def test_the_core_is_what_every_agent_needs_and_what_leads_do_is_no_part_of_it() -> None:
    assert set(in_groups("core")) >= NEEDED_BY_ALL
    assert set(in_groups("admin")) >= ADMIN_TOOLS
    assert {name for name in CATALOG.tools if "task" in name} <= set(in_groups("work"))
    assert {name for name in CATALOG.tools if "lane" in name} <= set(in_groups("lanes"))


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("query", "groups"),
    [
        ("tools=core", ["core"]),
        ("tools=core,work", ["core", "work"]),
        ("tools=work,%20core", ["core", "work"]),
        ("tools=core&tools=work", ["core", "work"]),
        ("tools=core,lanes,work,admin", sorted(EVERYDAY_GROUPS)),
        ("tools=hooks", ["hooks"]),
        ("other=core", sorted(EVERYDAY_GROUPS)),
    ],
)
async def test_the_url_says_which_groups_are_listed(
    web: httpx2.AsyncClient, lead: Agent, query: str, groups: list[str], era: str
) -> None:
    assert await listed(web, lead, query, era) == in_groups(*groups)


async def test_a_member_that_asks_for_what_leads_do_is_not_shown_it(web: httpx2.AsyncClient, agent: Agent) -> None:
    assert await listed(web, agent, "tools=admin") == [name for name in in_groups("admin") if name not in ADMIN_TOOLS]


async def with_groups(project: Project, name: str, *groups: ToolGroup) -> Agent:
    """Give a participant of the project a token that has some groups listed."""
    wish = MintArgs(participant_name=name, tool_groups=groups)
    minted = await mint_token(project.database, project.owner, wish)
    assert minted.token is not None
    return Agent(project.database, minted.token, minted.actor)


@pytest.mark.parametrize("era", ERAS)
async def test_a_token_says_which_groups_are_listed(
    web: httpx2.AsyncClient, project: Project, agent: Agent, era: str
) -> None:
    narrow = await with_groups(project, "claude-1", ToolGroup.CORE, ToolGroup.WORK)

    assert await listed(web, narrow, era=era) == in_groups("core", "work")
    assert await listed(web, narrow, "tools=work,lanes", era) == in_groups("work")
    assert await listed(web, narrow, "tools=lanes", era) == []
    assert set(await listed(web, agent, era=era)) == EVERYDAY_TOOLS - ADMIN_TOOLS
    call = {"name": "rename", "arguments": {"label": "cache-1"}}
    renamed = await asked(web, narrow, "", "tools/call", era, **call)
    assert renamed.json()["result"]["isError"] is False


async def test_a_token_in_the_place_of_another_has_the_same_listed(
    web: httpx2.AsyncClient, project: Project, agent: Agent, lead: Agent
) -> None:
    await with_groups(project, "claude-1", ToolGroup.CORE)
    (newest,) = await read(lead, list_project_tokens, limit=1)

    rotated = await rotate_one(project.database, project.owner, RotateArgs(token_id=newest.token_id))
    shown = [await listed(web, Agent(project.database, rotated.token or "", agent.actor))]
    again = await lead.call("admin_rotate", participant_name="claude-1")
    shown.append(await listed(web, Agent(project.database, again["token"], agent.actor)))

    assert newest.tool_groups == ["core"]
    assert shown == [in_groups("core")] * 2


@pytest.mark.parametrize("era", ERAS)
async def test_what_is_not_listed_can_be_called_by_name(web: httpx2.AsyncClient, agent: Agent, era: str) -> None:
    call = {"name": "task_create", "arguments": {"title": "Ship it"}}

    answer = await asked(web, agent, "tools=core", "tools/call", era, **call)

    assert answer.json()["result"]["structuredContent"]["task_id"] == 1


@pytest.mark.parametrize("query", ["tools=", "tools=cores", "tools=core,", "tools=core,%00", "tools=%ff", "tools=Core"])
@pytest.mark.parametrize("method", ["tools/list", "ping"])
async def test_a_group_that_is_not_there_is_refused_with_those_that_are(
    web: httpx2.AsyncClient, agent: Agent, query: str, method: str
) -> None:
    answer = await asked(web, agent, query, method)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_arguments"
    assert answer.json()["error"]["groups"] == ["core", "lanes", "work", "admin", "hooks"]
