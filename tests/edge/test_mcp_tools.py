"""`tools/list`: what a caller is shown, in which order, and in how many bytes."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import jsonschema_rs
import pytest

from edge.wire import ADMIN_TOOLS, ERAS, EVERYDAY_TOOLS, LEGACY, MODERN, ask
from signalbox.catalog import CATALOG
from signalbox.identity import Scope
from signalbox.tool import Effect
from support import Agent, Project, ServerProcess

FOUNDATION = frozenset(
    {"query_events", "whats_new", "post", "read_posts", "ack", "claim", "seed_sequence", "latest_claims"}
    | {"list_sequences", "lease", "release", "who_holds", "task_create", "task_assign", "task_start", "task_block"}
    | {"task_resolve", "task_ship", "list_tasks", "register", "who_is_active", "whoami", "list_participants"}
    | ADMIN_TOOLS
)
FOUNDATION_BYTES = 12_343  # LLM Bus' tools/list, for these 27 without annotations: 10,243 of ours when measured
TOOLS_BYTES = 16_384  # all tools, as a lead is shown them
TOOL_BYTES = 1_100  # one of them: `post`, of many arguments, is the largest
AROUND_BYTES = 220  # the rest of the answer, in the modern era

HINTS = {
    Effect.READS: {"readOnlyHint": True},
    Effect.WRITES: {"destructiveHint": False},
    Effect.REPEATS: {"destructiveHint": False},
    Effect.ENDS: {"destructiveHint": True},
}


def compact(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


async def tools_of(web: httpx2.AsyncClient, token: str, era: str = MODERN) -> list[dict[str, Any]]:
    answer = await ask(web, token, "tools/list", era=era)
    assert answer.status_code == 200, answer.text
    tools: list[dict[str, Any]] = answer.json()["result"]["tools"]
    return tools


@pytest.mark.parametrize("era", ERAS)
async def test_a_listed_tool_says_what_it_does_and_takes(web: httpx2.AsyncClient, lead: Agent, era: str) -> None:
    tools = await tools_of(web, lead.token, era)

    for tool in tools:
        known = CATALOG.tools[tool["name"]]
        assert "title" not in tool, "it would repeat the name"
        assert 10 < len(tool["description"].encode()) < 2048
        assert tool["annotations"] == HINTS[known.effect]
        schema = tool["inputSchema"]
        jsonschema_rs.meta.validate(schema)
        assert schema["type"] == "object"
        assert not {"anyOf", "oneOf", "allOf", "$ref", "$defs"} & schema.keys(), "clients flatten or skip these"
        assert set(schema["properties"]) == {field.alias or name for name, field in known.args.model_fields.items()}
    assert {tool["name"] for tool in tools} == EVERYDAY_TOOLS


async def test_the_list_is_the_same_in_the_same_order_every_time(
    web: httpx2.AsyncClient, agent: Agent, peer: Agent
) -> None:
    first = await tools_of(web, agent.token)

    assert await tools_of(web, agent.token) == first
    assert await tools_of(web, peer.token) == first
    assert [tool["name"] for tool in await tools_of(web, peer.token, LEGACY)] == [tool["name"] for tool in first]
    assert [tool["name"] for tool in first] == [name for name in CATALOG.tools if name in EVERYDAY_TOOLS - ADMIN_TOOLS]


async def test_the_list_stays_within_its_bytes(web: httpx2.AsyncClient, lead: Agent) -> None:
    answer = await ask(web, lead.token, "tools/list")
    tools = answer.json()["result"]["tools"]

    assert {tool["name"] for tool in tools} >= FOUNDATION
    assert compact([tool for tool in tools if tool["name"] in FOUNDATION]) <= FOUNDATION_BYTES
    assert compact(tools) <= TOOLS_BYTES
    assert {tool["name"]: compact(tool) for tool in tools if compact(tool) > TOOL_BYTES} == {}
    assert len(answer.content) - compact(tools) <= AROUND_BYTES


async def test_what_only_a_refusal_needs_is_not_listed_but_stands_in_openapi(
    web: httpx2.AsyncClient, agent: Agent
) -> None:
    whole = (await web.get("/api/openapi.json")).json()["paths"]["/api/tools/post"]["post"]["requestBody"]
    tools = {tool["name"]: tool["inputSchema"]["properties"] for tool in await tools_of(web, agent.token)}

    assert tools["post"]["body"] == {"type": "string", "maxLength": 8000}
    assert tools["post"]["to_lane"] == {"type": "string"}
    assert tools["read_posts"]["limit"] == {"type": "integer"}
    assert '"maxLength": 64' in json.dumps(whole)


async def test_only_a_lead_with_the_whole_scope_is_shown_the_admin_tools(
    web: httpx2.AsyncClient, project: Project, lead: Agent, agent: Agent
) -> None:
    narrow = await project.join("narrow-lead", lead=True, scopes=frozenset({Scope.READ, Scope.WRITE}))

    shown = {one.actor: {tool["name"] for tool in await tools_of(web, one.token)} for one in (lead, agent, narrow)}

    assert shown[lead.actor] == EVERYDAY_TOOLS
    assert shown[agent.actor] == EVERYDAY_TOOLS - ADMIN_TOOLS
    assert shown[narrow.actor] == EVERYDAY_TOOLS - ADMIN_TOOLS


async def test_every_worker_lists_the_same(agent: Agent, two_workers: ServerProcess) -> None:
    lists = []
    for _ in range(8):
        async with httpx2.AsyncClient(base_url=two_workers.url) as fresh:
            lists.append(await tools_of(fresh, agent.token))

    assert all(one == lists[0] for one in lists)
