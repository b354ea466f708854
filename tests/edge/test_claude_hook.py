"""`POST /hooks/claude`: guard and reconcile with nothing installed, in the client's contract."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from support import Agent

NUMBERED = "numbered=docs/decisions/*.md%3Dadr"


async def hook(web: httpx2.AsyncClient, agent: Agent, event: str, path: str, query: str = NUMBERED, **more: Any) -> Any:
    given = {
        "session_id": "s",
        "cwd": "/repo",
        "hook_event_name": event,
        "tool_name": "Write",
        "tool_input": {"file_path": path, "content": "x"},
        **more,
    }
    answer = await web.post(f"/hooks/claude?{query}", json=given, headers=agent.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_leased_path_is_denied(web: httpx2.AsyncClient, agent: Agent, peer: Agent) -> None:
    await peer.call("lease", surface="src/**", note="The cache.")

    answer = await hook(web, agent, "PreToolUse", "/repo/src/app.py")

    assert answer["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert peer.actor in answer["hookSpecificOutput"]["permissionDecisionReason"]
    for passing in ("/repo/docs/a.md", "/elsewhere/src/app.py", "/repo/../src/app.py", "x" * 300, "a\nb"):
        assert await hook(web, agent, "PreToolUse", passing) == {}, passing


async def test_a_number_in_a_file_that_was_there_already_is_its_authors(
    web: httpx2.AsyncClient, agent: Agent, peer: Agent
) -> None:
    await peer.call("claim", sequence="adr")
    path = "/repo/docs/decisions/0001-a.md"

    assert await hook(web, agent, "PostToolUse", path, tool_name="Edit") == {}
    assert await hook(web, agent, "PostToolUse", path, tool_response={"type": "update"}) == {}
    assert (await hook(web, agent, "PostToolUse", path, tool_response={"type": "create"}))["decision"] == "block"


async def test_each_file_of_a_patch_is_looked_at(agent: Agent, peer: Agent) -> None:
    await peer.call("lease", surface="src/b.py")
    await peer.call("claim", sequence="adr")
    patch = (
        "*** Begin Patch\n*** Update File: src/a.py\n*** Delete File: src/b.py\n"
        "*** Update File: docs/decisions/0001-old.md\n*** Add File: docs/decisions/0009-a.md\n"
        "*** Move to: docs/decisions/0001-a.md\n*** End Patch\n"
    )
    given = {"patch": patch, "cwd": "/repo", "numbered": ["docs/decisions/*.md=adr"]}

    before = await agent.call("editor_hook", event="PreToolUse", **given)
    after = await agent.call("editor_hook", event="PostToolUse", **given)

    assert "src/b.py is leased by" in before["hookSpecificOutput"]["permissionDecisionReason"]
    assert after["decision"] == "block"
    assert after["reason"].startswith("docs/decisions/0001-a.md: adr 1 was claimed by")
    assert "old" not in after["reason"]


async def test_ones_own_and_shared_leases_pass(web: httpx2.AsyncClient, agent: Agent, peer: Agent) -> None:
    await agent.call("lease", surface="src/mine.py")
    await peer.call("lease", surface="src/ours.py", mode="shared")

    for name in ("mine", "ours"):
        assert await hook(web, agent, "PreToolUse", f"/repo/src/{name}.py") == {}


async def test_a_number_of_somebody_else_blocks_and_an_unclaimed_one_is_hinted_at(
    web: httpx2.AsyncClient, agent: Agent, peer: Agent
) -> None:
    await peer.call("claim", sequence="adr")

    answer = await hook(web, agent, "PostToolUse", "/repo/docs/decisions/0001-a.md")

    assert answer["decision"] == "block"
    assert "docs/decisions/0002-a.md" in answer["reason"]
    hint = await hook(web, agent, "PostToolUse", "/repo/docs/decisions/0009-a.md")
    assert "nobody has claimed adr 9" in hint["hookSpecificOutput"]["additionalContext"]
    assert await hook(web, agent, "PostToolUse", "/repo/docs/0001-a.md") == {}
    assert await hook(web, agent, "PostToolUse", "/repo/docs/decisions/0001-a.md", query="") == {}


@pytest.mark.parametrize("given", [{}, {"hook_event_name": "Notification"}, {"hook_event_name": "PreToolUse"}])
async def test_events_that_are_not_ours_are_answered_with_nothing(
    web: httpx2.AsyncClient, agent: Agent, given: dict[str, Any]
) -> None:
    answer = await web.post("/hooks/claude", json=given, headers=agent.headers)

    assert (answer.status_code, answer.json()) == (200, {})


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"[]", 400), (b'{"hook_event_name": "Stop", "cwd": 3}', 400)]
)
async def test_what_is_no_hook_is_refused(web: httpx2.AsyncClient, agent: Agent, body: bytes, status: int) -> None:
    answer = await web.post("/hooks/claude", content=body, headers=agent.headers)

    assert answer.status_code == status


async def test_without_a_token_it_is_a_challenge(web: httpx2.AsyncClient) -> None:
    answer = await web.post("/hooks/claude", json={})

    assert answer.status_code == 401
    assert "resource_metadata" in answer.headers["www-authenticate"]
