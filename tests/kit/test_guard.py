"""The hook before an edit: what is denied, what passes, and in which words of which client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kit.conftest import Repository
from support import Agent


def about_to_edit(path: Path | str, **more: Any) -> dict[str, Any]:
    """What Claude Code says before it edits a file."""
    return {
        "session_id": "s-1",
        "transcript_path": "/tmp/t.jsonl",
        "cwd": str(Path(path).parent),
        "permission_mode": "default",
        "hook_event_name": "PreToolUse",
        "tool_name": "Edit",
        "tool_input": {"file_path": str(path), "old_string": "a", "new_string": "b"},
        "tool_use_id": "toolu_1",
        **more,
    }


async def test_a_path_under_anothers_lease_is_denied_with_who_why_how_long_and_what_now(
    repository: Repository, peer: Agent
) -> None:
    await peer.call("lease", surface="src/**", note="The cache.", ttl_seconds=1200)
    path = repository.write("src/app.py")

    outcome = repository.hook("guard", "claude", given=about_to_edit(path))

    assert outcome.code == 0
    answer = outcome.answer["hookSpecificOutput"]
    assert (answer["hookEventName"], answer["permissionDecision"]) == ("PreToolUse", "deny")
    reason = answer["permissionDecisionReason"]
    assert f"src/app.py is leased by {peer.actor} (by the lease on src/**) for 20 more min" in reason
    assert "'The cache.'" in reason
    assert "post" in reason
    assert "SIGNALBOX_OVERRIDE" in reason


async def test_gemini_is_denied_in_its_own_words(repository: Repository, peer: Agent) -> None:
    await peer.call("lease", surface="src/app.py")
    path = repository.top / "src/app.py"
    given = about_to_edit(path, hook_event_name="BeforeTool", tool_name="write_file")

    answer = repository.hook("guard", "gemini", given=given).answer

    assert answer.keys() == {"decision", "reason"}
    assert answer["decision"] == "deny"


async def test_each_file_of_a_patch_is_looked_at(repository: Repository, peer: Agent) -> None:
    await peer.call("lease", surface="src/b.py")
    patch = (
        "*** Begin Patch\n*** Update File: src/a.py\n@@\n-a\n+b\n*** Update File: src/b.py\n@@\n-a\n+b\n*** End Patch"
    )
    given = about_to_edit(repository.top / "x", tool_name="apply_patch", tool_input={"command": patch})

    assert "src/b.py is leased" in repository.hook("guard", "claude", given=given).stdout


async def test_ones_own_and_free_paths_pass_and_nothing_is_leased(
    repository: Repository, agent: Agent, peer: Agent
) -> None:
    await agent.call("lease", surface="src/mine.py")
    await peer.call("lease", surface="docs/**")

    for name in ("src/mine.py", "src/free.py"):
        outcome = repository.hook("guard", "claude", given=about_to_edit(repository.top / name))
        assert (outcome.code, outcome.stdout, outcome.stderr) == (0, "", "")
    assert len((await agent.call("who_holds"))["leases"]) == 2


async def test_an_edited_path_is_leased_when_the_config_says_so(repository: Repository, agent: Agent) -> None:
    repository.write(".signalbox.json", '{"guard": {"lease": true, "ttl_seconds": 60}}')
    given = about_to_edit(repository.top / "src" / "naïve [x].py")

    for _ in range(2):
        assert repository.hook("guard", "claude", given=given).stdout == ""

    (held,) = (await agent.call("who_holds"))["leases"]
    assert (held["surface"], held["actor"]) == ("src/naïve [x].py", agent.actor)
    assert 0 < held["expires_in_seconds"] <= 60


async def test_a_path_outside_the_repository_is_nobodys_business(repository: Repository, peer: Agent) -> None:
    await peer.call("lease", surface="**")

    outcome = repository.hook("guard", "claude", given=about_to_edit("/etc/hosts"))

    assert (outcome.code, outcome.stdout, outcome.stderr) == (0, "", "")


async def test_a_worktree_knows_paths_from_its_own_top(repository: Repository, peer: Agent, tmp_path: Path) -> None:
    await peer.call("lease", surface="src/app.py")
    repository.git("worktree", "add", "-q", str(tmp_path / "wt"))
    given = about_to_edit(tmp_path / "wt" / "src" / "app.py")

    assert "deny" in repository.hook("guard", "claude", given=given, cwd=tmp_path / "wt").stdout


async def test_an_override_passes_and_stands_in_the_ledger(repository: Repository, agent: Agent, peer: Agent) -> None:
    await peer.call("lease", surface="src/app.py")
    given = about_to_edit(repository.top / "src/app.py")

    assert repository.hook("guard", "claude", given=given, SIGNALBOX_OVERRIDE="A typo.").stdout == ""

    (event,) = (await agent.call("query_events", type="override"))["events"]
    assert event["payload"] == {"hook": "guard", "reason": "A typo.", "surfaces": ["src/app.py"]}


async def test_what_was_edited_meanwhile_is_told_the_next_time(repository: Repository, peer: Agent) -> None:
    first, second = (about_to_edit(repository.top / name) for name in ("src/a.py", "src/b.py"))
    assert repository.hook("guard", "claude", given=first, SIGNALBOX_URL="http://127.0.0.1:9").went_on
    await peer.call("lease", surface="src/a.py")

    told = repository.hook("guard", "claude", given=second).answer

    assert told.keys() == {"systemMessage"}
    assert f"src/a.py ({peer.actor})" in told["systemMessage"]
    assert repository.hook("guard", "claude", given=second).stdout == ""


@pytest.mark.parametrize("given", [{}, {"tool_input": None}, {"tool_input": {"command": "ls"}}, {"tool_input": {}}])
async def test_a_tool_that_changes_no_file_passes(repository: Repository, given: dict[str, Any]) -> None:
    outcome = repository.hook("guard", "claude", given=given)

    assert (outcome.code, outcome.stdout, outcome.stderr) == (0, "", "")
