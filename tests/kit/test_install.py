"""`kit/install` and `signalbox kit`: the kit in a repository, with Python alone, and out of it again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kit.conftest import Repository, make_repository
from signalbox import paths
from support import clean_environment

FORMS = {"checkout": ["sh", str(paths.KIT / "install")], "package": [sys.executable, "-m", "signalbox", "kit"]}


@pytest.fixture(params=FORMS)
def command(request: pytest.FixtureRequest) -> list[str]:
    return FORMS[request.param]


@pytest.fixture
def alone(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "re po", None)


def run(repository: Repository, command: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *arguments],
        cwd=repository.top,
        env=clean_environment(HOME=str(repository.top.parent), PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_the_kit_goes_in_and_out_again(alone: Repository, command: list[str]) -> None:
    before = {path: path.read_bytes() for path in alone.top.rglob("*") if path.is_file()}

    done = run(alone, command, "install", "--client", "claude", "--client", "gemini", "--url", "https://box.example")

    assert done.returncode == 0, done.stderr
    for name in ("signalbox_guard.py", "signalbox_inbox.py", "signalbox_reconcile.py"):
        assert (alone.top / ".signalbox" / "hooks" / name).read_bytes() == (paths.KIT / "hooks" / name).read_bytes()
    assert "https://box.example" in (alone.top / ".signalbox.json").read_text()
    assert "signalbox_reconcile.py" in (alone.top / ".git" / "hooks" / "pre-commit").read_text()
    assert "working with the others" in (alone.top / "CLAUDE.md").read_text()
    assert "working with the others" in (alone.top / "GEMINI.md").read_text()
    assert not (alone.top / ".mcp.json").exists()
    assert ".signalbox.json" in run(alone, command, "status").stdout
    assert run(alone, command, "remove").returncode == 0
    assert {path: path.read_bytes() for path in alone.top.rglob("*") if path.is_file()} == before


def test_a_dry_run_writes_nothing(alone: Repository, command: list[str]) -> None:
    done = run(alone, command, "install", "--client", "codex", "--dry-run")

    assert "+++ " in done.stdout
    assert not (alone.top / "AGENTS.md").exists()
    assert "not installed" in run(alone, command, "status").stdout


def test_outside_of_a_repository_it_says_what_to_do(tmp_path: Path, command: list[str]) -> None:
    done = run(Repository(tmp_path), command, "install", "--client", "claude")

    assert done.returncode == 1
    assert "--scope user" in done.stderr


def test_the_hooks_share_one_part_word_for_word() -> None:
    texts = [path.read_text() for path in (paths.KIT / "hooks").glob("*.py")]
    begin, end = "# --- What all hooks share", "# --- End of what all hooks share."

    shared = {text[text.index(begin) : text.index(end)] for text in texts}

    assert len(texts) == 3
    assert len(shared) == 1
