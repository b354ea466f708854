"""Fixtures of the command line: commands in processes of their own, and a data directory that `up` has set up."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.machines import Machine
from proofs.processes import data_directory
from proofs.starting import up
from signalbox.cli import signalbox as group
from support import Agent, ServerProcess, clean_environment

COMMAND_SECONDS_MAX = 60

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def signalbox(tmp_path: Path) -> Run:
    """Run a command to its end, with settings from nowhere but the keywords."""

    def run(*arguments: str, cwd: Path = tmp_path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "signalbox", *arguments],
            env=clean_environment(**environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )

    return run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same in this process, which is there already: for commands that leave nothing behind in it."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("SIGNALBOX_") or name == "DATABASE_URL":
            monkeypatch.delenv(name)

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        done = CliRunner().invoke(group, arguments, env=environment, catch_exceptions=False)
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def data() -> Iterator[Path]:
    """Name a data directory that is not there yet."""
    with data_directory() as path:
        yield path


@pytest.fixture(scope="session")
def home() -> Iterator[tuple[Path, str]]:
    """A data directory that `up` has set up, and the token it printed. Whoever uses it stops what it starts."""
    with data_directory() as path:
        with up(path) as (_, facts):
            pass
        yield path, facts["token"]


@pytest.fixture
def machine(signalbox: Run, tmp_path: Path, server: ServerProcess, agent: Agent) -> Machine:
    return Machine(signalbox, tmp_path, server.url, agent.token)


@pytest.fixture
def repository(machine: Machine) -> Path:
    """A repository of git, without a commit, to work in."""
    machine.git("init", "-q")
    return machine.top
