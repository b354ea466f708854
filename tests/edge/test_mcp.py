"""MCP on the wire: both eras on one endpoint, what is listed, how an answer and a refusal look."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from edge.wire import (
    ACCEPT,
    ADMIN_TOOLS,
    CLIENT,
    ERAS,
    HANDSHAKE_VERSIONS,
    LEGACY,
    MODERN,
    ask,
    bearer,
    call_mcp,
    envelope,
    era_headers,
    ledger_head,
    message,
)
from signalbox import __version__
from signalbox.config import Settings
from signalbox.identity import Scope
from support import Agent, Project

INSTRUCTIONS_BYTES_MAX = 2047  # clients cut at 2 KB


@pytest.mark.parametrize("with_header", [True, False])
@pytest.mark.parametrize("version", HANDSHAKE_VERSIONS)
async def test_the_handshake_answers_the_version_that_was_asked_for(
    web: httpx2.AsyncClient, agent: Agent, version: str, *, with_header: bool
) -> None:
    headers = {**ACCEPT, **agent.headers, **({"MCP-Protocol-Version": version} if with_header else {})}
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": CLIENT}

    answer = await web.post("/mcp", headers=headers, json=message(LEGACY, "initialize", params))
    ready = await web.post("/mcp", headers=headers, json={"jsonrpc": "2.0", "method": "notifications/initialized"})

    result = answer.json()["result"]
    assert result["protocolVersion"] == version
    assert result["serverInfo"] == {"name": "signalbox", "title": "Signalbox", "version": __version__}
    assert "whats_new" in result["instructions"]
    assert ready.status_code == 202
    assert answer.headers["mcp-session-id"].isascii()
    assert result["capabilities"] == {
        "tools": {"listChanged": True},
        "resources": {"subscribe": True, "listChanged": False},
    }


async def test_an_unknown_handshake_version_is_answered_with_the_newest_one(
    web: httpx2.AsyncClient, agent: Agent
) -> None:
    params = {"protocolVersion": "1999-01-01", "capabilities": {}, "clientInfo": CLIENT}
    headers = {**ACCEPT, **agent.headers}

    answer = await web.post("/mcp", headers=headers, json=message(LEGACY, "initialize", params))

    assert answer.json()["result"]["protocolVersion"] == LEGACY


async def test_discover_says_what_the_server_is_and_how_to_work_with_it(web: httpx2.AsyncClient, agent: Agent) -> None:
    answer = await ask(web, agent.token, "server/discover")

    result = answer.json()["result"]
    assert result["supportedVersions"] == [MODERN]
    assert result["resultType"] == "complete"
    assert result["cacheScope"] == "private"
    assert result["ttlMs"] > 0
    assert result["capabilities"] == {
        "tools": {"listChanged": True},
        "resources": {"subscribe": True, "listChanged": False},
    }
    assert len(result["instructions"].encode()) <= INSTRUCTIONS_BYTES_MAX
    for tool in ("whats_new", "read_posts", "post", "claim", "lease", "task_next", "wait", "register"):
        assert tool in result["instructions"]


@pytest.mark.parametrize("era", ERAS)
async def test_an_answer_is_one_compact_text_and_the_same_object(
    web: httpx2.AsyncClient, agent: Agent, era: str
) -> None:
    result = await call_mcp(web, agent.token, "claim", {"sequence": "adr"}, era=era)

    assert result["structuredContent"] == {"sequence": "adr", "number": 1, "formatted": "1"}
    assert result["content"] == [{"type": "text", "text": '{"sequence":"adr","number":1,"formatted":"1"}'}]
    assert result["isError"] is False
    assert ("resultType" in result) == (era == MODERN)


@pytest.mark.parametrize("era", ERAS)
async def test_text_beyond_ascii_is_the_same_in_both_forms(
    web: httpx2.AsyncClient, agent: Agent, peer: Agent, era: str
) -> None:
    await peer.call("post", to_actor="claude-1", body="Grüße ✓ \U0001f682\n\ttab")

    result = await call_mcp(web, agent.token, "read_posts", {"to_me": True}, era=era)

    assert result["structuredContent"]["posts"][0]["body"] == "Grüße ✓ \U0001f682\n\ttab"
    assert json.loads(result["content"][0]["text"]) == result["structuredContent"]


async def test_waiting_posts_are_told_with_other_answers(web: httpx2.AsyncClient, agent: Agent, peer: Agent) -> None:
    before = await call_mcp(web, agent.token, "whoami")
    await peer.call("post", to_actor="claude-1", body="hello")

    after = await call_mcp(web, agent.token, "whoami")

    assert "_unread_posts" not in before["structuredContent"]
    assert after["structuredContent"]["_unread_posts"] == 1


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("tool", sorted(ADMIN_TOOLS))
async def test_a_member_who_calls_an_admin_tool_is_told_that_it_may_not(
    web: httpx2.AsyncClient, agent: Agent, database_url: str, project: Project, *, era: str, tool: str
) -> None:
    head = await ledger_head(database_url, project.project_id)

    result = await call_mcp(web, agent.token, tool, {"participant_name": "claude-1"}, era=era)

    assert result["isError"] is True
    assert result["structuredContent"]["code"] == "forbidden"
    assert await ledger_head(database_url, project.project_id) == head


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("claim", {"sequenc": "adr"}, "invalid_arguments"),
        ("task_start", {"task_id": 7}, "not_found"),
        ("seed_sequence", {"sequence": "adr", "current": 5}, "forbidden"),
        ("task_ship", {"task_id": 1}, "conflict"),
    ],
)
async def test_a_refusal_is_a_result_with_a_stable_code(
    web: httpx2.AsyncClient, agent: Agent, *, era: str, tool: str, arguments: dict[str, Any], code: str
) -> None:
    await agent.call("task_create", title="open, so it cannot be shipped")

    result = await call_mcp(web, agent.token, tool, arguments, era=era)

    assert result["isError"] is True
    assert result["structuredContent"]["code"] == code
    assert result["structuredContent"]["message"]
    assert json.loads(result["content"][0]["text"]) == result["structuredContent"]


async def test_a_misspelt_argument_is_named_with_the_one_that_was_meant(web: httpx2.AsyncClient, agent: Agent) -> None:
    result = await call_mcp(web, agent.token, "post", {"to_lne": "backend", "to_lane": "backend", "body": "x"})

    assert result["structuredContent"]["message"] == "unknown argument 'to_lne'; did you mean 'to_lane'?"


@pytest.mark.parametrize("era", ERAS)
async def test_an_unknown_tool_is_a_protocol_error(web: httpx2.AsyncClient, agent: Agent, era: str) -> None:
    answer = await ask(web, agent.token, "tools/call", {"name": "clam", "arguments": {}}, era=era)

    assert answer.json()["error"]["code"] == -32602
    assert "clam" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("era", "status"), [(MODERN, 404), (LEGACY, 200)])
async def test_an_unknown_method_is_a_protocol_error(
    web: httpx2.AsyncClient, agent: Agent, era: str, status: int
) -> None:
    answer = await ask(web, agent.token, "no/such", era=era)

    assert answer.status_code == status
    assert answer.json()["error"]["code"] == -32601


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"Mcp-Method": "tools/list"}, -32020),
        ({"Mcp-Method": None}, -32020),
        ({"Mcp-Name": "post"}, -32020),
        ({"Mcp-Name": None}, -32020),
        ({"MCP-Protocol-Version": "2027-01-01"}, -32020),
        ({"MCP-Protocol-Version": LEGACY}, -32020),
        ({"MCP-Protocol-Version": None}, -32020),
    ],
)
async def test_headers_that_contradict_the_body_are_refused(
    web: httpx2.AsyncClient, agent: Agent, changed: dict[str, str | None], code: int
) -> None:
    params = {"name": "claim", "arguments": {"sequence": "adr"}}
    headers = {**era_headers(MODERN, "tools/call", params), **agent.headers, **changed}
    kept = {name: value for name, value in headers.items() if value is not None}

    answer = await web.post("/mcp", headers=kept, json=message(MODERN, "tools/call", params))

    assert answer.status_code == 400
    assert answer.json()["id"] == 1
    assert answer.json()["error"]["code"] == code
    assert (await agent.call("list_sequences"))["sequences"] == []


@pytest.mark.parametrize("named", [{}, [], 7, "", MODERN])
async def test_a_version_in_the_body_alone_is_refused(web: httpx2.AsyncClient, agent: Agent, named: object) -> None:
    body = message(LEGACY, "tools/list", {"_meta": {**envelope(), "io.modelcontextprotocol/protocolVersion": named}})

    answer = await web.post("/mcp", headers={**ACCEPT, **agent.headers}, json=body)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == -32020


@pytest.mark.parametrize(("era", "status"), [(MODERN, 400), (LEGACY, 200)])
async def test_a_cursor_that_was_never_given_is_refused(
    web: httpx2.AsyncClient, agent: Agent, era: str, status: int
) -> None:
    answer = await ask(web, agent.token, "tools/list", {"cursor": "made up"}, era=era)

    assert answer.status_code == status
    assert answer.json()["error"]["code"] == -32602


async def test_a_version_that_is_not_spoken_is_answered_with_those_that_are(
    web: httpx2.AsyncClient, agent: Agent
) -> None:
    headers = {**era_headers("2027-01-01", "tools/list", {}), "Mcp-Method": "tools/list", **agent.headers}
    body = json.dumps(message(MODERN, "tools/list", {})).replace(MODERN, "2027-01-01")

    answer = await web.post("/mcp", headers=headers, content=body)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == -32022
    assert answer.json()["error"]["data"] == {"supported": [MODERN], "requested": "2027-01-01"}


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("tool", "arguments", "scope"),
    [
        ("claim", {"sequence": "adr"}, "write"),
        ("admin_revoke", {"participant_name": "lead"}, "manage"),
        ("claim", {"nonsense": 1}, "write"),
    ],
)
async def test_a_token_with_too_narrow_a_scope_is_challenged(
    web: httpx2.AsyncClient, project: Project, *, era: str, tool: str, arguments: dict[str, Any], scope: str
) -> None:
    reader = await project.join("reader", lead=True, scopes=frozenset({Scope.READ}))

    read = await call_mcp(web, reader.token, "whoami", era=era)
    answer = await ask(web, reader.token, "tools/call", {"name": tool, "arguments": arguments}, era=era)

    assert read["isError"] is False
    assert answer.status_code == 403
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('Bearer error="insufficient_scope", ')
    assert f'scope="{scope}"' in challenge
    assert "resource_metadata=" in challenge
    assert answer.json()["error"]["code"] == "insufficient_scope"
    assert (await reader.call("query_events", type="claim"))["events"] == []


@pytest.mark.parametrize("headers", [{}, bearer("sbx_no"), {"Authorization": "Basic c2J4Og=="}])
async def test_no_token_is_answered_with_where_to_learn_about_them(
    web: httpx2.AsyncClient, settings: Settings, headers: dict[str, str]
) -> None:
    answer = await web.post("/mcp", headers={**ACCEPT, **headers}, json=message(LEGACY, "tools/list", {}))

    assert answer.status_code == 401
    metadata_url = f"{settings.base_url}/.well-known/oauth-protected-resource/mcp"
    assert f'resource_metadata="{metadata_url}"' in answer.headers["www-authenticate"]
    assert answer.json()["error"]["code"] == "unauthenticated"
    assert (await web.get(metadata_url)).status_code == 200


@pytest.mark.parametrize("path", ["oauth-protected-resource", "oauth-protected-resource/mcp"])
async def test_the_resource_metadata_names_the_endpoint(web: httpx2.AsyncClient, settings: Settings, path: str) -> None:
    answer = await web.get(f"/.well-known/{path}")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "resource": f"{settings.base_url}/mcp",
        "resource_name": "Signalbox",
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["read", "write", "manage"],
    }
