"""`signalbox connect`, `status` and `disconnect`: what they write, what they refuse, and that it can all be undone."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from cli.machines import Machine
from support import Agent

pytestmark = pytest.mark.usefixtures("anyio_backend")  # its fixtures are asynchronous, the tests are not

USER_FILES = {
    "claude": ".claude.json",
    "codex": ".codex/config.toml",
    "gemini": ".gemini/settings.json",
    "opencode": ".config/opencode/opencode.json",
    "cursor": ".cursor/mcp.json",
    "vscode": ".config/Code/User/mcp.json",
}
PROJECT_FILES = {
    "claude": ".mcp.json",
    "codex": ".codex/config.toml",
    "gemini": ".gemini/settings.json",
    "opencode": "opencode.json",
    "cursor": ".cursor/mcp.json",
    "vscode": ".vscode/mcp.json",
}


def tree(folder: Path) -> dict[str, tuple[int, bytes | None]]:
    """Everything below a folder: modes and contents."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if ".git/" in f"{path.relative_to(folder)}/" and "/signalbox" not in str(path) and "hooks" not in str(path):
            continue
        found[str(path.relative_to(folder))] = (
            stat.S_IMODE(path.lstat().st_mode),
            path.read_bytes() if path.is_file() else None,
        )
    return found


def test_all_clients_are_connected_in_an_empty_home_and_it_is_left_as_it_was(machine: Machine) -> None:
    told = machine("connect", "all")

    assert f"connected {', '.join(USER_FILES)} to" in told
    for name in USER_FILES.values():
        path = machine.home / name
        assert "127.0.0.1" in path.read_text()
        assert machine.token in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert machine("disconnect").count("restored") > len(USER_FILES)
    assert tree(machine.home) == {}


@pytest.mark.parametrize("client", USER_FILES)
def test_what_was_there_stays_and_comes_back_byte_for_byte(machine: Machine, client: str) -> None:
    path = machine.home / USER_FILES[client]
    path.parent.mkdir(parents=True, exist_ok=True)
    theirs = '[mcp_servers.other]\nurl = "http://o"\n' if client == "codex" else '{"theirs": [1.50,\n 2], "mcp": {}\n}'
    path.write_text(theirs)
    path.chmod(0o640)
    before = tree(machine.home)

    machine("connect", client)
    machine("connect", client)

    assert "theirs" in path.read_text() or "other" in path.read_text()
    machine("disconnect")
    assert tree(machine.home) == before


@pytest.mark.parametrize(
    ("client", "name", "event"),
    [
        ("claude", ".claude/settings.json", "PreToolUse"),
        ("codex", ".codex/hooks.json", "PreToolUse"),
        ("gemini", ".gemini/settings.json", "BeforeTool"),
    ],
)
def test_hooks_of_others_stay_and_come_back_byte_for_byte(machine: Machine, client: str, name: str, event: str) -> None:
    path = machine.home / name
    path.parent.mkdir(parents=True)
    theirs = '{"hooks":  {"EVENT":\n[{"hooks": [{"type": "command",  "command": "theirs"}]}]}}'
    path.write_text(theirs.replace("EVENT", event))
    before = tree(machine.home)

    machine("connect", client)

    commands = [entry["hooks"][0]["command"] for entry in json.loads(path.read_text())["hooks"][event]]
    assert commands[0] == "theirs"
    assert "signalbox_guard.py" in commands[1]
    machine("disconnect")
    assert tree(machine.home) == before


def test_it_is_said_that_codex_runs_no_hook_before_it_was_looked_at(machine: Machine) -> None:
    assert "/hooks in Codex" in machine.attempt("connect", "codex").stderr
    machine("disconnect")
    assert "/hooks" not in machine.attempt("connect", "codex", "--no-hooks").stderr


def test_connecting_again_writes_nothing(machine: Machine) -> None:
    machine("connect", "all")
    before = tree(machine.home)

    again = machine.attempt("connect", "all")

    assert "wrote" not in again.stdout
    assert "everything was there already" in again.stderr
    assert tree(machine.home) == before


def test_what_others_have_written_since_stays_when_it_is_undone(machine: Machine) -> None:
    machine("connect", "claude")
    path = machine.home / ".claude.json"
    config = json.loads(path.read_text())
    config["numStartups"] = 7
    path.write_text(json.dumps(config))

    told = machine("disconnect")

    assert f"took our part out of {path}" in told
    assert json.loads(path.read_text()) == {"numStartups": 7}


def test_a_changed_token_takes_the_place_of_the_old_one(machine: Machine, peer: Agent) -> None:
    machine("connect", "all")

    machine("connect", "all", SIGNALBOX_TOKEN=peer.token)

    for name in USER_FILES.values():
        assert peer.token in (machine.home / name).read_text()
        assert machine.token not in (machine.home / name).read_text()
    machine("disconnect")
    assert tree(machine.home) == {}


def test_a_dry_run_shows_each_change_without_the_token_and_writes_nothing(machine: Machine) -> None:
    shown = machine("connect", "all", "--dry-run")

    for name in USER_FILES.values():
        assert f"+++ {machine.home / name}" in shown
    assert "sbx_…" in shown
    assert machine.token not in shown
    assert tree(machine.home) == {}


@pytest.mark.parametrize(
    ("client", "text"), [("claude", "{"), ("codex", "a = "), ("gemini", "// no\n{}"), ("cursor", "[]")]
)
def test_a_config_that_cannot_be_read_is_left_alone_and_so_are_all_others(
    machine: Machine, client: str, text: str
) -> None:
    path = machine.home / USER_FILES[client]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    before = tree(machine.home)

    done = machine.attempt("connect", "all")

    assert done.returncode == 1
    assert str(path) in done.stderr
    assert "Nothing was changed." in done.stderr
    assert tree(machine.home) == before


def test_another_server_of_the_name_is_not_written_over_unless_asked(machine: Machine) -> None:
    path = machine.home / ".claude.json"
    path.write_text('{"mcpServers": {"signalbox": {"type": "stdio", "command": "other"}}}')

    done = machine.attempt("connect", "claude")

    assert done.returncode == 1
    assert "--replace" in done.stderr
    machine("connect", "claude", "--replace")
    assert json.loads(path.read_text())["mcpServers"]["signalbox"]["type"] == "http"
    machine("disconnect")
    assert "other" in path.read_text()


def test_a_token_that_is_not_taken_changes_nothing(machine: Machine, peer: Agent) -> None:
    done = machine.attempt("connect", "claude", SIGNALBOX_TOKEN=peer.token[:-7] + "0" + peer.token[-6:])

    assert done.returncode in {1, 2}
    assert tree(machine.home) == {}


def test_in_a_repository_files_that_may_be_committed_hold_no_token(machine: Machine, repository: Path) -> None:
    before = tree(machine.top)

    machine("connect", "all", "--scope", "project", cwd=repository)

    for name in PROJECT_FILES.values():
        assert "SIGNALBOX_TOKEN" in (repository / name).read_text(), name
        assert machine.token not in (repository / name).read_text(), name
    machine.git("add", "-A")
    committed = subprocess.run(
        ["git", "grep", "--cached", machine.token], cwd=repository, capture_output=True, check=False, timeout=30
    )
    assert committed.returncode == 1, "no file that git would commit holds it"
    assert tree(machine.home) == {}
    machine.git("reset", "-q")
    machine("disconnect", "--scope", "project", cwd=repository)
    assert tree(machine.top) == before


def test_a_tracked_file_never_gets_a_token(machine: Machine, repository: Path) -> None:
    (repository / ".claude").mkdir()
    (repository / ".claude" / "settings.local.json").write_text("{}")
    machine.git("add", "-A")

    done = machine.attempt("connect", "claude", "--scope", "project", cwd=repository)

    assert done.returncode == 1
    assert "tracked by git" in done.stderr
    assert not (repository / ".mcp.json").exists()


def test_the_hooks_that_were_written_work(machine: Machine, repository: Path) -> None:
    (repository / ".git" / "hooks").mkdir(exist_ok=True)
    theirs = repository / ".git" / "hooks" / "pre-commit"
    theirs.write_text("#!/bin/sh\necho theirs >> ../said\n")
    theirs.chmod(0o755)
    machine("connect", "claude", cwd=repository)
    (repository / "a.md").write_text("x")
    machine.git("add", "a.md")

    machine.git("commit", "-q", "-m", "x")

    assert (machine.top.parent / "said").read_text() == "theirs\n"
    settings = json.loads((machine.home / ".claude" / "settings.json").read_text())
    command = settings["hooks"]["PreToolUse"][0]["hooks"][0]["command"]
    given = {
        "hook_event_name": "PreToolUse",
        "cwd": str(repository),
        "tool_input": {"file_path": str(repository / "a.md")},
    }
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=repository,
        input=json.dumps(given),
        text=True,
        capture_output=True,
        check=False,
        timeout=30,
        env={"PATH": os.environ["PATH"], "HOME": str(machine.home)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_instructions_stand_in_the_file_that_each_client_reads(machine: Machine, repository: Path) -> None:
    (repository / "CLAUDE.md").write_text("# Theirs\n")

    machine("connect", "claude", "codex", cwd=repository)

    for name in ("CLAUDE.md", "AGENTS.md"):
        assert "## Signalbox: working with the others" in (repository / name).read_text()
    machine("disconnect", cwd=repository)
    assert (repository / "CLAUDE.md").read_text() == "# Theirs\n"
    assert not (repository / "AGENTS.md").exists()


def test_status_says_what_is_connected_and_as_whom(machine: Machine, agent: Agent) -> None:
    machine("connect", "claude")

    told = machine("status")

    assert "Claude Code  connected" in told
    assert "Codex        not connected" in told
    assert f"answers {agent.actor}" in told


def test_disconnecting_twice_says_that_nothing_is_connected(machine: Machine) -> None:
    assert "nothing is connected" in machine.attempt("disconnect").stderr
