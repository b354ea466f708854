"""`signalbox connect` for the real clients from npm: each one's own list shows the server; nothing is left behind."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.programs import program, run
from conformance.test_clients import ALONE
from signalbox import paths
from support import Agent, ServerProcess, clean_environment

LISTED = {
    "claude": ("signalbox: {url}/mcp (HTTP) - ✔ Connected", "signalbox: {url}/mcp (HTTP) - ✓ Connected"),
    "codex": ("signalbox",),
    "gemini": ("signalbox: {url}/mcp (http) - Connected",),
    "opencode": ("signalbox connected",),
}
TRUSTING = {"gemini": {"GEMINI_CLI_TRUST_WORKSPACE": "true"}}  # else it starts no server in a folder it does not know


def signalbox(home: Path, *arguments: str, cwd: Path | None = None, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "signalbox", *arguments],
        cwd=cwd or home,
        env=clean_environment(HOME=str(home), **environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("client", LISTED)
async def test_the_clients_own_list_shows_the_server_and_disconnecting_leaves_the_home_empty(
    server: ServerProcess, agent: Agent, tmp_path: Path, client: str
) -> None:
    program(client)
    home, copy = tmp_path / "home", tmp_path / "copy"
    home.mkdir()
    signalbox(home, "connect", client, SIGNALBOX_URL=server.url, SIGNALBOX_TOKEN=agent.token)
    shutil.copytree(home, copy)  # clients write things of their own

    listed = (await run(client, "mcp", "list", cwd=copy, **ALONE, **TRUSTING.get(client, {}))).stdout

    plain = " ".join(re.sub("\x1b\\[[0-9;]*m", "", listed).split())
    assert any(words.format(url=server.url) in plain for words in LISTED[client]), listed
    signalbox(home, "disconnect")
    assert list(home.iterdir()) == []


async def test_claude_code_finds_no_fault_with_the_plugin(tmp_path: Path) -> None:
    done = await run("claude", "plugin", "validate", "--strict", str(paths.KIT), cwd=tmp_path, **ALONE)

    assert done.returncode == 0, done.stdout
    assert "Validation passed" in done.stdout
