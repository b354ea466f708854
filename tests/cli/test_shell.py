"""The shell's side: completion, and how little a command loads before it needs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.conftest import Run
from signalbox.cli import COMMANDS
from support import Agent, ServerProcess, clean_environment

HEAVY = {"mcp", "mcp_types", "sqlalchemy", "alembic", "uvicorn", "starlette", "asyncpg", "jinja2"}

LOADED = """
import json, sys
sys.argv = ["signalbox", *{arguments!r}]
from signalbox.cli import main
try:
    if {run!r}:
        main()
except SystemExit as end:
    assert not end.code, end.code
sys.stderr.write(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


def modules_loaded(*arguments: str, run: bool = True, **environment: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(arguments=arguments, run=run)],
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return set(json.loads(done.stderr))


def test_the_command_line_and_its_help_load_nothing_heavy() -> None:
    assert not modules_loaded(run=False) & HEAVY
    assert not modules_loaded("--help") & HEAVY
    assert not modules_loaded("completion", "zsh") & HEAVY


@pytest.mark.usefixtures("anyio_backend")
def test_a_call_loads_neither_the_sdk_nor_sqlalchemy(server: ServerProcess, agent: Agent) -> None:
    loaded = modules_loaded("call", "claim", "sequence=adr", SIGNALBOX_URL=server.url, SIGNALBOX_TOKEN=agent.token)

    assert not loaded & {"mcp", "mcp_types", "sqlalchemy", "alembic", "uvicorn"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_of_the_shell(signalbox: Run, shell: str) -> None:
    done = signalbox("completion", shell)

    assert done.returncode == 0
    assert "_SIGNALBOX_COMPLETE" in done.stdout
    if shutil.which(shell):
        subprocess.run([shell, "-n", "/dev/stdin"], input=done.stdout, text=True, timeout=10, check=True)


def test_another_shell_is_refused(signalbox: Run) -> None:
    assert signalbox("completion", "tcsh").returncode == 2


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_commands_options_and_subcommands(tmp_path: Path) -> None:
    program = tmp_path / "signalbox"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m signalbox "$@"\n')
    program.chmod(0o755)

    def completed(*words: str) -> list[str]:
        script = (
            'eval "$(signalbox completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
            '_signalbox_completion signalbox; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        done = subprocess.run(
            ["bash", "-c", script, "bash", "signalbox", *words],
            env=clean_environment(PATH=f"{tmp_path}:{os.environ['PATH']}"),
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        assert done.stderr == ""
        return done.stdout.split()

    assert completed("") == list(COMMANDS)
    assert completed("se") == ["serve", "seed-token"]
    assert completed("token", "r") == ["revoke", "rotate"]
    assert "--workers" in completed("up", "--")
