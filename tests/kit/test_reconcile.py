"""The hook for numbered files: what blocks, what passes, and what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kit.conftest import Repository
from support import Agent


def written(path: Path | str, **more: Any) -> dict[str, Any]:
    """What Claude Code says after it has written a file."""
    return {
        "session_id": "s-1",
        "transcript_path": "/tmp/t.jsonl",
        "cwd": str(Path(path).parent),
        "hook_event_name": "PostToolUse",
        "tool_name": "Write",
        "tool_input": {"file_path": str(path), "content": "x"},
        "tool_response": {"success": True},
        **more,
    }


async def test_a_number_of_somebody_else_blocks_a_commit_and_the_next_one_is_named(
    repository: Repository, peer: Agent
) -> None:
    for _ in range(2):
        await peer.call("claim", sequence="adr", note="The cache.")
    repository.write("docs/decisions/0001-cold cache.md")
    repository.git("add", "-A")

    outcome = repository.hook("reconcile", "--staged")

    assert outcome.code == 1
    assert f"adr 1 was claimed by {peer.actor} (The cache.)" in outcome.stderr
    assert "signalbox call claim sequence=adr    # it will be 3" in outcome.stderr
    assert "git mv 'docs/decisions/0001-cold cache.md' 'docs/decisions/0003-cold cache.md'" in outcome.stderr


async def test_checking_a_number_claims_none(repository: Repository, peer: Agent) -> None:
    await peer.call("claim", sequence="adr")
    repository.write("docs/decisions/0001-a.md")
    repository.write("docs/decisions/0009-b.md")
    repository.git("add", "-A")

    repository.hook("reconcile", "--staged")

    assert [s["last_used"] for s in (await peer.call("list_sequences"))["sequences"]] == [1]


async def test_ones_own_number_passes_in_silence(repository: Repository, agent: Agent) -> None:
    await agent.call("claim", sequence="adr")
    repository.write("docs/decisions/0001-a.md")
    repository.git("add", "-A")

    outcome = repository.hook("reconcile", "--staged")

    assert (outcome.code, outcome.stdout, outcome.stderr) == (0, "", "")


async def test_a_number_that_nobody_claimed_passes_with_a_hint(repository: Repository) -> None:
    repository.write("migrations/a/b/7_x.sql")
    repository.git("add", "-A")

    outcome = repository.hook("reconcile", "--staged")

    assert outcome.code == 0
    assert "nobody has claimed migration 7" in outcome.stderr
    assert "signalbox call claim sequence=migration" in outcome.stderr


async def test_an_old_file_that_is_only_edited_is_not_asked_about(repository: Repository, peer: Agent) -> None:
    repository.commit("docs/decisions/0001-a.md")
    await peer.call("claim", sequence="adr")
    repository.write("docs/decisions/0001-a.md", "edited")
    repository.git("add", "-A")

    outcome = repository.hook("reconcile", "--staged")
    after_tool = repository.hook(
        "reconcile", "--client", "claude", given=written(repository.top / "docs/decisions/0001-a.md")
    )

    assert (outcome.code, outcome.stderr) == (0, "")
    assert (after_tool.code, after_tool.stdout, after_tool.stderr) == (0, "", "")


async def test_a_renamed_file_is_asked_about(repository: Repository, peer: Agent) -> None:
    repository.commit("docs/decisions/0007-a.md")
    await peer.call("claim", sequence="adr")
    repository.git("mv", "docs/decisions/0007-a.md", "docs/decisions/0001-a.md")

    assert repository.hook("reconcile", "--staged").code == 1


@pytest.mark.parametrize(("client", "decision"), [("claude", "block"), ("gemini", "deny")])
async def test_an_editor_hears_of_a_collision_in_its_own_contract(
    repository: Repository, peer: Agent, client: str, decision: str
) -> None:
    await peer.call("claim", sequence="adr")
    path = repository.write("docs/decisions/0001-a.md")

    outcome = repository.hook("reconcile", "--client", client, given=written(path))

    assert outcome.code == 0
    assert outcome.answer.keys() == {"decision", "reason"}
    assert outcome.answer["decision"] == decision
    assert "git mv docs/decisions/0001-a.md docs/decisions/0002-a.md" in outcome.answer["reason"]


async def test_a_patch_of_codex_is_read(repository: Repository, peer: Agent) -> None:
    await peer.call("claim", sequence="adr")
    repository.write("docs/decisions/0001-a.md")
    patch = "*** Begin Patch\n*** Add File: docs/decisions/0001-a.md\n+x\n*** End Patch\n"
    given = written(repository.top / "x", tool_name="apply_patch", tool_input={"command": patch})

    assert repository.hook("reconcile", "--client", "claude", given=given).answer["decision"] == "block"


async def test_an_override_passes_and_stands_in_the_ledger(repository: Repository, peer: Agent, agent: Agent) -> None:
    await peer.call("claim", sequence="adr")
    repository.write("docs/decisions/0001-a.md")
    repository.git("add", "-A")

    outcome = repository.hook("reconcile", "--staged", SIGNALBOX_OVERRIDE="They agreed.")

    assert outcome.code == 0
    (event,) = (await agent.call("query_events", type="override"))["events"]
    assert event["actor"] == agent.actor
    assert event["payload"] == {
        "hook": "reconcile",
        "reason": "They agreed.",
        "surfaces": ["docs/decisions/0001-a.md"],
    }


async def test_ci_checks_what_a_branch_adds(repository: Repository, peer: Agent) -> None:
    await peer.call("claim", sequence="adr")
    repository.git("checkout", "-q", "-b", "topic")
    repository.commit("docs/decisions/0001-a.md")
    repository.git("checkout", "-q", "main")
    repository.commit("other.md")

    outcome = repository.hook("reconcile", "--range", "main..topic")

    assert outcome.code == 1
    assert "docs/decisions/0001-a.md" in outcome.stderr


async def test_ci_reports_numbers_burnt_and_numbers_never_claimed(
    repository: Repository, agent: Agent, peer: Agent
) -> None:
    for who in (agent, peer, agent):
        await who.call("claim", sequence="adr")
    repository.commit("docs/decisions/0001-a.md", "docs/decisions/0009-b.md")

    outcome = repository.hook("reconcile", "--report", "main")

    assert outcome.code == 0
    assert "adr: 3 claimed, 2 on main" in outcome.stdout
    assert f"burnt     2: claimed by {peer.actor}" in outcome.stdout
    assert "burnt     3" in outcome.stdout
    assert "burnt     1" not in outcome.stdout
    assert "unclaimed 9: docs/decisions/0009-b.md" in outcome.stdout


async def test_what_could_not_be_asked_is_asked_the_next_time(repository: Repository, peer: Agent) -> None:
    await peer.call("claim", sequence="adr")
    repository.write("docs/decisions/0001-a.md")
    repository.git("add", "-A")
    assert repository.hook("reconcile", "--staged", SIGNALBOX_URL="http://127.0.0.1:9").went_on
    assert [record["paths"] for record in repository.pending()] == [["docs/decisions/0001-a.md"]]
    repository.git("commit", "-q", "-m", "x")
    repository.write("docs/decisions/0005-b.md")
    repository.git("add", "-A")

    outcome = repository.hook("reconcile", "--staged")

    assert outcome.code == 1
    assert "docs/decisions/0001-a.md: adr 1 was claimed" in outcome.stderr
    assert repository.pending() == []
