"""A call answered without the SDK is answered as the SDK would: the same status, headers that matter, and body."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from edge.wire import ERAS, LEGACY, MODERN, era_headers, message
from signalbox.edge.mcp import endpoint as endpoint_module
from support import Agent

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("whoami", {}),
    ("list_sequences", {}),
    ("read_posts", {"to_me": True}),
    ("who_holds", {"surface": "src/é/**"}),
    ("claim", {"sequence": "adr", "note": 'a "quoted" ☃ \\ note', "idempotency_key": "k"}),
    ("claim", {"sequenc": "adr"}),
    ("task_start", {"task_id": 99}),
    ("admin_provision", {"participant_name": "x"}),
]
REQUESTS: dict[str, dict[str, Any]] = {
    "no arguments": {"name": "whoami"},
    "null arguments": {"name": "whoami", "arguments": None},
    "a list for arguments": {"name": "whoami", "arguments": []},
    "no name": {"arguments": {}},
    "a number for a name": {"name": 5},
    "an unknown tool": {"name": "clam", "arguments": {}},
    "a progress token": {"name": "whoami", "_meta": {"progressToken": 7}},
    "a progress token of the wrong type": {"name": "whoami", "_meta": {"progressToken": [7]}},
}


async def both_ways(
    web: httpx2.AsyncClient,
    agent: Agent,
    era: str,
    params: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    **headers: str,
) -> list[tuple[int, str, Any]]:
    """Send a call twice: as it is, and with the SDK made to answer."""
    body = message(era, "tools/call", {})
    body["params"] = {**params, "_meta": {**body["params"].get("_meta", {}), **params.get("_meta", {})}}
    if era == LEGACY and not body["params"]["_meta"]:
        del body["params"]["_meta"]
    answers = []
    for quick in (True, False):
        with monkeypatch.context() as patched:
            if not quick:
                patched.setattr(endpoint_module, "call_in", lambda *_: None)
            sent = {**era_headers(era, "tools/call", params), **agent.headers, **headers}
            answer = await web.post("/mcp", headers=sent, json=body)
        kind = answer.headers.get("content-type", "")
        answers.append((answer.status_code, kind, answer.json() if "json" in kind else answer.text))
    return answers


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(("tool", "arguments"), CALLS)
async def test_a_call_is_answered_as_by_the_sdk(
    web: httpx2.AsyncClient,
    agent: Agent,
    monkeypatch: pytest.MonkeyPatch,
    *,
    era: str,
    tool: str,
    arguments: dict[str, Any],
) -> None:
    await agent.call("lease", surface="src/é/a.py")
    quick, slow = await both_ways(web, agent, era, {"name": tool, "arguments": arguments}, monkeypatch)

    assert quick == slow
    assert quick[0] == 200


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("what", REQUESTS)
async def test_what_is_odd_about_a_call_is_judged_as_by_the_sdk(
    web: httpx2.AsyncClient, agent: Agent, monkeypatch: pytest.MonkeyPatch, era: str, what: str
) -> None:
    quick, slow = await both_ways(web, agent, era, REQUESTS[what], monkeypatch)

    assert quick == slow


@pytest.mark.parametrize("header", ["Mcp-Method", "Mcp-Name", "MCP-Protocol-Version", "Accept", "Content-Type"])
async def test_headers_are_judged_as_by_the_sdk(
    web: httpx2.AsyncClient, agent: Agent, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    wrong = {"Accept": "text/html", "Content-Type": "text/plain"}.get(header, "x")
    params = {"name": "whoami", "arguments": {}}

    quick, slow = await both_ways(web, agent, MODERN, params, monkeypatch, **{header: wrong})

    assert quick == slow
