"""A repository with the kit's config, and its hooks run as a client runs them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from signalbox import paths
from support import Agent, ServerProcess, clean_environment

CONFIG = {"numbered": {"docs/decisions/*.md": "adr", "migrations/**/*.sql": "migration"}}
SECONDS_MAX = 1.5
SLACK_SECONDS = 1.5  # of a loaded machine, for the start and the end of a process


@dataclass(frozen=True)
class Outcome:
    """What became of a hook."""

    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def answer(self) -> dict[str, Any]:
        """What a client reads."""
        found: dict[str, Any] = json.loads(self.stdout)
        return found

    @property
    def went_on(self) -> bool:
        """Whether work goes on, with one line of warning."""
        return (self.code, self.stdout) == (0, "") and self.stderr.count("\n") == 1 and "work goes on" in self.stderr


class Repository:
    """A working tree of git, and one agent in it."""

    def __init__(self, top: Path, **environment: str) -> None:
        self.top = top
        self.environment = environment

    def git(self, *arguments: str) -> str:
        named = ("-c", "user.name=n", "-c", "user.email=e@e")
        done = subprocess.run(
            ["git", *named, *arguments], cwd=self.top, capture_output=True, text=True, check=True, timeout=30
        )
        return done.stdout

    def write(self, name: str, text: str = "x") -> Path:
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def commit(self, *names: str) -> None:
        for name in names:
            self.write(name)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x", "--no-verify")

    def hook(
        self, name: str, *arguments: str, given: Any = None, cwd: Path | None = None, **environment: str
    ) -> Outcome:
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-E", str(paths.KIT / "hooks" / f"signalbox_{name}.py"), *arguments],
            cwd=cwd or self.top,
            input=given if isinstance(given, str) else json.dumps(given),
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env=clean_environment(HOME=str(self.top.parent), **(self.environment | environment)),
        )
        return Outcome(done.returncode, done.stdout, done.stderr, time.monotonic() - started)

    def pending(self) -> list[dict[str, Any]]:
        path = self.top / ".git" / "signalbox" / "pending.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def make_repository(top: Path, config: Any = CONFIG, **environment: str) -> Repository:
    top.mkdir(parents=True)
    repository = Repository(top, **environment)
    repository.git("init", "-q", "-b", "main")
    if config is not None:
        repository.write(".signalbox.json", config if isinstance(config, str) else json.dumps(config))
    repository.commit("README.md")
    return repository


@pytest.fixture
def repository(tmp_path: Path, server: ServerProcess, agent: Agent) -> Repository:
    return make_repository(tmp_path / "re po ü", SIGNALBOX_URL=server.url, SIGNALBOX_TOKEN=agent.token)
