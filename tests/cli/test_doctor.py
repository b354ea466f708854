"""`signalbox doctor`: each fault it knows is made, found, and said with what mends it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.machines import Machine
from signalbox.identity import Scope, mint_token
from support import Project, free_port

pytestmark = pytest.mark.usefixtures("anyio_backend")  # its fixtures are asynchronous, the tests are not

Found = dict[str, dict[str, Any]]


def look(machine: Machine, *arguments: str, cwd: Path | None = None, **environment: str) -> tuple[int, Found]:
    """Run the doctor; answers its exit code and the worst finding of each name."""
    done = machine.attempt("doctor", "--json", *arguments, cwd=cwd, **environment)
    assert done.stderr == ""
    found: Found = {}
    for line in done.stdout.splitlines():
        finding = json.loads(line)
        assert ("fix" in finding) == (finding["severity"] != "ok")
        if found.get(finding["name"], {}).get("severity") in {None, "ok"}:
            found[finding["name"]] = finding
    return done.returncode, found


def test_a_machine_that_is_well_is_told_so(machine: Machine, repository: Path) -> None:
    machine("connect", "claude", cwd=repository)
    (repository / ".signalbox.json").write_text('{"url": "http://x", "numbered": {"docs/*.md": "adr"}}')

    code, found = look(machine, cwd=repository)

    assert {name: finding["severity"] for name, finding in found.items() if finding["severity"] != "ok"} == {}
    assert code == 0
    assert found.keys() >= {"server", "clock", "tls", "token", "scope", "protocol", "push", "claude", "git hook"}


def test_a_person_reads_the_fault_and_the_fix(machine: Machine) -> None:
    done = machine.attempt("doctor")

    assert done.returncode == 1
    assert (
        "warning  connected: no client was connected by signalbox connect\n         fix: signalbox connect"
        in done.stdout
    )


def test_a_server_that_is_not_there(machine: Machine) -> None:
    code, found = look(machine, SIGNALBOX_URL=f"http://127.0.0.1:{free_port()}")

    assert (code, found["server"]["severity"]) == (2, "error")
    assert "signalbox up" in found["server"]["fix"]
    assert "token" not in found


async def test_a_token_that_does_not_hold_or_may_only_read(machine: Machine, project: Project) -> None:
    code, found = look(machine, SIGNALBOX_TOKEN=mint_token()[0])
    assert (code, found["token"]["severity"]) == (2, "error")
    reader = await project.join("reader", scopes=frozenset({Scope.READ}))

    code, found = look(machine, SIGNALBOX_TOKEN=reader.token)

    assert (code, found["scope"]["severity"], found["push"]["severity"]) == (1, "warning", "warning")


def test_hooks_and_blocks_of_another_version_and_what_is_gone(machine: Machine, repository: Path) -> None:
    machine("connect", "claude", "codex", cwd=repository)
    hooks = machine.home / ".local" / "share" / "signalbox" / "hooks"
    (hooks / "signalbox_guard.py").write_text("# old")
    (hooks / "signalbox_inbox.py").unlink()
    block = (repository / "CLAUDE.md").read_text()
    (repository / "CLAUDE.md").write_text(block.replace("Signalbox is where", "It is where"))
    (repository / ".git" / "hooks" / "pre-commit").chmod(0o644)

    code, found = look(machine, cwd=repository)

    assert code == 2
    assert "another version" in found["hooks"]["message"]
    assert "is gone" in found["files"]["message"]
    assert "another version" in found["instructions"]["message"]
    assert "chmod +x" in found["git hook"]["fix"]
    assert "none are named" in found["numbered files"]["message"]


def test_another_server_of_the_name(machine: Machine) -> None:
    machine("connect", "claude")
    path = machine.home / ".claude.json"
    path.write_text(json.dumps({"mcpServers": {"signalbox": {"type": "http", "url": "http://other/mcp"}}}))

    code, found = look(machine)

    assert (code, found["claude"]["severity"]) == (2, "error")
    assert "--replace" in found["claude"]["fix"]


def test_a_setting_that_nobody_reads(machine: Machine) -> None:
    code, found = look(machine, "--server", SIGNALBOX_PROT="1")

    assert (code, found["settings"]["severity"]) == (2, "error")
    assert "SIGNALBOX_PROT" in found["settings"]["message"]


def test_a_server_is_looked_at_on_its_own_machine(machine: Machine, database_url: str) -> None:
    code, found = look(machine, "--server", DATABASE_URL=database_url)
    assert (code, found["database"]["severity"]) == (0, "ok")

    code, found = look(machine, "--server", DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")

    assert (code, found["database"]["severity"]) == (2, "error")
    assert found["database"]["fix"]
