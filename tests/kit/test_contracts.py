"""What the real clients said, fed to the hooks as `connect` sets them up: each answer is exactly what the client reads.

The payloads were recorded by tests/conformance/recording.py, where a test keeps them true. The contracts are those of
Claude Code 2.1, Codex 0.169, whose schemas allow no other field, and Gemini CLI 0.61.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from kit.conftest import Repository
from signalbox import paths
from signalbox.clients.fittings import hooks_of
from signalbox.clients.known import Target
from support import Agent, clean_environment

TOP = "/home/dev/repo"
LEASED = "leased.py"
TAKEN = "0001-cache.md"
TEXT = "…"
WORDS = {"additionalContext", "permissionDecisionReason", "reason"}
READING = {"Read"}
RECORDED = {
    client: json.loads((Path(__file__).parent / "payloads" / f"{client}.json").read_text())
    for client in ("claude", "codex", "gemini")
}
ALL = [
    pytest.param(client, given, id=" ".join([client, str(at), given["hook_event_name"], given.get("tool_name", "")]))
    for client, payloads in RECORDED.items()
    for at, given in enumerate(payloads)
]


def wanted(given: dict[str, Any]) -> dict[str, Any]:
    """Answer what the client is to read, each text of ours as one mark."""
    event = given["hook_event_name"]
    touched = json.dumps(given.get("tool_input", {}))
    denied = {"hookEventName": event, "permissionDecision": "deny", "permissionDecisionReason": TEXT}
    answers: dict[str, tuple[bool, dict[str, Any]]] = {
        "PreToolUse": (LEASED in touched and given.get("tool_name") not in READING, {"hookSpecificOutput": denied}),
        "PostToolUse": (TAKEN in touched, {"decision": "block", "reason": TEXT}),
        "Stop": (True, {"decision": "block", "reason": TEXT}),
        "BeforeTool": (LEASED in touched, {"decision": "deny", "reason": TEXT}),
        "AfterTool": (TAKEN in touched, {"decision": "deny", "reason": TEXT}),
        "AfterAgent": (True, {"decision": "deny", "reason": TEXT}),
    }
    told = {"hookSpecificOutput": {"hookEventName": event, "additionalContext": TEXT}}
    speaks, answer = answers.get(event, (True, told))
    return answer if speaks else {}


def marked(answer: dict[str, Any]) -> dict[str, Any]:
    """Put one mark for each text of ours."""
    found: dict[str, Any] = json.loads(
        json.dumps(answer), object_hook=lambda part: {name: _mark(name, value) for name, value in part.items()}
    )
    return found


def _mark(name: str, value: Any) -> Any:
    return TEXT if name in WORDS and isinstance(value, str) and value.strip() else value


def connected(client: str, top: Path) -> dict[str, Any]:
    """Answer the hooks that `connect` writes for a client."""
    target = Target(top, top, "http://127.0.0.1", "", "user", paths.KIT / "hooks")
    (edit,) = hooks_of(client, target)
    hooks: dict[str, Any] = json.loads(edit.put(""))["hooks"]
    return hooks


def commands(client: str, given: dict[str, Any], top: Path) -> list[str]:
    """Choose the commands that the client would run."""
    entries = connected(client, top)[given["hook_event_name"]]
    chosen = [one for one in entries if re.fullmatch(one.get("matcher", ".*"), given.get("tool_name", ""))]
    return [hook["command"] for one in chosen for hook in one["hooks"]]


def by_commands(client: str, given: dict[str, Any], repository: Repository) -> dict[str, Any]:
    """Run the hooks as the client does, and answer what it would read."""
    here = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(repository.top.parent)}
    answer: dict[str, Any] = {}
    for command in commands(client, given, repository.top):
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=repository.top,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env=clean_environment(**(here | repository.environment)),
        )
        assert (done.returncode, done.stderr) == (0, "")
        answer |= json.loads(done.stdout or "{}")
    return answer


def moved(given: dict[str, Any], top: Path) -> dict[str, Any]:
    """Let a payload speak of another folder."""
    found: dict[str, Any] = json.loads(json.dumps(given).replace(TOP, json.dumps(str(top))[1:-1]))
    return found


@pytest.fixture
async def busy(repository: Repository, agent: Agent, peer: Agent) -> Repository:
    """A repository in which each hook has something to say."""
    repository.write("src/leased.py", "one\n")
    await peer.call("lease", surface="src/leased.py")
    await peer.call("claim", sequence="adr")
    await peer.call("post", to_actor=agent.actor, body="At once!", urgency="now")
    return repository


@pytest.mark.parametrize(("client", "given"), ALL)
async def test_a_hook_answers_what_its_client_reads(busy: Repository, client: str, given: dict[str, Any]) -> None:
    answer = by_commands(client, moved(given, busy.top), busy)

    assert marked(answer) == wanted(given)


@pytest.mark.parametrize("given", RECORDED["claude"], ids=[given["hook_event_name"] for given in RECORDED["claude"]])
async def test_the_server_answers_claude_code_the_same(
    web: httpx2.AsyncClient, agent: Agent, busy: Repository, given: dict[str, Any]
) -> None:
    rules = {"numbered": "docs/decisions/*.md=adr"}
    answer = await web.post("/hooks/claude", params=rules, json=moved(given, busy.top), headers=agent.headers)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert marked(answer.json()) == wanted(given)


@pytest.mark.parametrize(("client", "given"), ALL)
async def test_where_there_is_nothing_to_say_nothing_is_said(
    repository: Repository, client: str, given: dict[str, Any]
) -> None:
    if given["hook_event_name"] == "SessionStart":
        assert "acts as" in json.dumps(by_commands(client, moved(given, repository.top), repository))
        return
    repository.commit("docs/decisions/0001-cache.md")

    assert by_commands(client, moved(given, repository.top), repository) == {}


@pytest.mark.parametrize("client", RECORDED)
def test_each_event_that_a_client_is_hooked_at_was_recorded(client: str, tmp_path: Path) -> None:
    assert {given["hook_event_name"] for given in RECORDED[client]} == connected(client, tmp_path).keys()
