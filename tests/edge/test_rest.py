"""The tools as JSON over HTTP: each is there, each refusal has its status, and the document says it as it is."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import jsonschema_rs
import pytest

from edge.wire import ADMIN_TOOLS, bearer, call_mcp, call_rest, serving_here
from proofs.operators import HEAD, holding
from signalbox.catalog import CATALOG
from signalbox.config import Settings
from signalbox.edge.rest import openapi
from signalbox.errors import REFUSALS
from signalbox.identity import Scope, mint_token
from support import Agent, Project

TOOLS = sorted(CATALOG.tools)

# One call of every tool, in an order in which each finds what it needs.
WALK: tuple[tuple[str, dict[str, Any]], ...] = (
    ("whoami", {}),
    ("register", {"lane": "backend", "status": "walking"}),
    ("who_is_active", {}),
    ("list_participants", {}),
    ("seed_sequence", {"sequence": "adr", "current": 4, "prefix": "ADR-", "pad": 3}),
    ("claim", {"sequence": "adr", "note": "the cache"}),
    ("latest_claims", {}),
    ("list_sequences", {}),
    ("post", {"to_lane": "backend", "to_actor": "claude-1", "subject": "s", "body": "b", "ref": "r", "tag": "t"}),
    ("read_posts", {}),
    ("ack", {"post_ids": [1]}),
    ("lease", {"surface": "src/**", "note": "mine"}),
    ("who_holds", {"surface": "src/app.py"}),
    ("release", {"surface": "src/**"}),
    ("task_create", {"title": "ship it", "detail": "all of it", "lane": "backend"}),
    ("task_assign", {"task_id": 1, "owner": "claude-1"}),
    ("task_start", {"task_id": 1}),
    ("task_block", {"task_id": 1, "reason": "waiting"}),
    ("list_tasks", {"task_id": 1}),
    ("task_resolve", {"task_id": 1}),
    ("task_ship", {"task_id": 1}),
    ("query_events", {}),
    ("whats_new", {}),
    ("admin_provision", {"participant_name": "new-1", "lane": "backend"}),
    ("admin_rotate", {"participant_name": "new-1"}),
    ("admin_revoke", {"participant_name": "new-1"}),
    ("create_invite", {"participant_name": "new-2"}),
    ("settle_claim", {"sequence": "adr", "number": 5, "outcome": "committed"}),
    ("post_status", {"post_id": 1}),
    ("wait", {"timeout_seconds": 0}),
    ("sync", {"limit": 5}),
    ("reset_cursor", {"to": 0}),
    ("search", {"query": "walking"}),
    ("list_lanes", {}),
    ("join_lane", {"lane": "docs"}),
    ("leave_lane", {"lane": "docs"}),
    ("configure_lane", {"lane": "quiet", "access": "private"}),
    ("task_create", {"title": "another"}),
    ("task_next", {}),
    ("task_note", {"task_id": 2, "note": "half done"}),
    ("task_release", {"task_id": 2}),
    ("task_cancel", {"task_id": 2}),
    ("rename", {"label": "walker"}),
    ("check_numbers", {"numbers": [{"sequence": "adr", "number": 5}]}),
    ("claims_of", {"sequence": "adr"}),
    ("inbox", {}),
    ("my_token", {}),
    ("editor_hook", {"event": "SessionStart", "session": "s-1"}),
    ("check_surfaces", {"surfaces": ["src/app.py"]}),
    ("note_override", {"hook": "guard", "reason": "a typo", "surfaces": ["src/app.py"]}),
)


@pytest.fixture
def document(settings: Settings) -> dict[str, Any]:
    return openapi(settings.base_url)


def answer_schema(document: dict[str, Any], tool: str, status: int) -> dict[str, Any]:
    """Answer the schema the document has for an answer, with everything it refers to."""
    response = document["paths"][f"/api/tools/{tool}"]["post"]["responses"][str(status)]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rsplit("/", 1)[-1]]
    schema: dict[str, Any] = response["content"]["application/json"]["schema"]
    return {**schema, "components": document["components"]}


def assert_as_documented(answer: httpx2.Response, document: dict[str, Any], tool: str) -> None:
    schema = answer_schema(document, tool, answer.status_code)
    jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(answer.json())


async def test_every_tool_is_there_and_answers_as_documented(
    web: httpx2.AsyncClient, project: Project, document: dict[str, Any]
) -> None:
    assert {tool for tool, _ in WALK} == set(CATALOG.tools)
    walker = await project.join("claude-1", lead=True)

    for tool, arguments in WALK:
        answer = await call_rest(web, walker.token, tool, arguments)
        assert answer.status_code == 200, (tool, answer.text)
        assert answer.headers["content-type"] == "application/json"
        assert_as_documented(answer, document, tool)
        assert None not in answer.json().values(), "a field that is null is left out"


async def test_rest_and_mcp_answer_the_same(web: httpx2.AsyncClient, agent: Agent, peer: Agent) -> None:
    await peer.call("post", to_actor="claude-1", body="hello")
    for tool, arguments in (("whoami", {}), ("read_posts", {}), ("list_sequences", {}), ("task_start", {"task_id": 9})):
        over_rest = (await call_rest(web, agent.token, tool, arguments)).json()
        over_mcp = (await call_mcp(web, agent.token, tool, arguments))["structuredContent"]

        assert over_rest.get("error", over_rest) == over_mcp


async def test_an_empty_body_is_no_arguments(web: httpx2.AsyncClient, agent: Agent) -> None:
    answer = await web.post("/api/tools/whoami", headers=agent.headers)

    assert answer.json()["actor"] == agent.actor


@pytest.mark.parametrize(
    ("tool", "arguments", "status", "code"),
    [
        ("claim", {"sequenc": "adr"}, 400, "invalid_arguments"),
        ("admin_revoke", {"participant_name": "claude-1"}, 403, "forbidden"),
        ("clam", {}, 404, "not_found"),
        ("task_start", {"task_id": 77}, 404, "not_found"),
        ("read_posts", {"post_id": 77}, 404, "not_found"),
        ("task_ship", {"task_id": 1}, 409, "conflict"),
    ],
)
async def test_a_refusal_has_its_status_and_code(
    web: httpx2.AsyncClient,
    agent: Agent,
    document: dict[str, Any],
    *,
    tool: str,
    arguments: dict[str, Any],
    status: int,
    code: str,
) -> None:
    await agent.call("task_create", title="open, so it cannot be shipped")

    answer = await call_rest(web, agent.token, tool, arguments)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert_as_documented(answer, document, "claim")
    assert "www-authenticate" not in answer.headers


async def test_a_conflict_carries_the_present_state(web: httpx2.AsyncClient, agent: Agent) -> None:
    await agent.call("task_create", title="mine", owner="claude-1")
    await agent.call("task_start", task_id=1)

    answer = await call_rest(web, agent.token, "task_start", {"task_id": 1})

    assert answer.status_code == 409
    error = answer.json()["error"]
    assert {key: error[key] for key in ("code", "task_id", "status", "owner")} == {
        "code": "conflict",
        "task_id": 1,
        "status": "in_progress",
        "owner": agent.actor,
    }


async def test_no_token_and_too_narrow_a_token_are_challenged(web: httpx2.AsyncClient, project: Project) -> None:
    reader = await project.join("reader", scopes=frozenset({Scope.READ}))

    nobody = await web.post("/api/tools/whoami")
    stranger = await web.post("/api/tools/whoami", headers=bearer(mint_token()[0]))
    narrow = await call_rest(web, reader.token, "claim", {"sequence": "adr"})

    assert (nobody.status_code, nobody.json()["error"]["code"]) == (401, "unauthenticated")
    assert nobody.headers["www-authenticate"].startswith("Bearer resource_metadata=")
    assert stranger.headers["www-authenticate"].startswith('Bearer error="invalid_token", resource_metadata=')
    assert (narrow.status_code, narrow.json()["error"]["code"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in narrow.headers["www-authenticate"]
    assert 'scope="write"' in narrow.headers["www-authenticate"]


async def test_more_waiting_writes_than_allowed_are_told_when_to_come_back(
    settings: Settings, database_url: str, agent: Agent, project: Project
) -> None:
    wish = {"sequence": "adr"}
    async with serving_here(settings.model_copy(update={"queued_writes_max": 1})) as web:
        async with holding(database_url, HEAD, project.project_id) as head:
            calls = [asyncio.create_task(call_rest(web, agent.token, "claim", wish))]
            await head.until_waited_for()  # the first one waits no more: it is under way
            calls += [asyncio.create_task(call_rest(web, agent.token, "claim", wish)) for _ in range(2)]
            done, waiting = await asyncio.wait(calls, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        (refused,) = (task.result() for task in done)
        others = await asyncio.gather(*waiting)

    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many")
    assert refused.headers["retry-after"] == "1"
    assert [answer.status_code for answer in others] == [200, 200]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_only_post_calls_a_tool(web: httpx2.AsyncClient, agent: Agent, method: str) -> None:
    answer = await web.request(method, "/api/tools/claim", headers=agent.headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "http_405")
    assert answer.headers["allow"] == "POST"


async def test_the_document_is_served_to_anybody_and_names_every_tool(
    web: httpx2.AsyncClient, document: dict[str, Any], settings: Settings
) -> None:
    answer = await web.get("/api/openapi.json")

    assert answer.json() == document
    assert document["openapi"].startswith("3.1.")
    assert document["servers"] == [{"url": settings.base_url}]
    assert set(document["paths"]) == {"/api/events", *(f"/api/tools/{tool}" for tool in CATALOG.tools)}
    assert document["security"] == [{"token": []}]


@pytest.mark.parametrize("tool", TOOLS)
def test_the_document_describes_a_tool_whole(document: dict[str, Any], tool: str) -> None:
    operation = document["paths"][f"/api/tools/{tool}"]["post"]
    arguments = operation["requestBody"]["content"]["application/json"]["schema"]

    assert operation["operationId"] == tool
    assert operation["x-scope"] == ("manage" if tool in ADMIN_TOOLS else CATALOG.tools[tool].scope.value)
    assert {str(status) for status in REFUSALS} | {"200", "413"} <= operation["responses"].keys()
    assert arguments["additionalProperties"] is False
    assert operation["requestBody"]["required"] is not jsonschema_rs.is_valid(arguments, {})
    jsonschema_rs.meta.validate(arguments)
    for status in operation["responses"]:
        jsonschema_rs.meta.validate(answer_schema(document, tool, int(status)))


def test_a_token_is_only_read_from_its_header(document: dict[str, Any]) -> None:
    assert document["components"]["securitySchemes"] == {
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "sbx_…"}
    }


async def test_a_token_in_the_url_is_not_taken(web: httpx2.AsyncClient, agent: Agent) -> None:
    answer = await web.post("/api/tools/whoami", params={"access_token": agent.token, "token": agent.token})

    assert answer.status_code == 401
    assert bearer(agent.token) == agent.headers
