"""Programs from npm that speak MCP: where they are, and how they are run.

`npm ci --ignore-scripts` in this directory installs them. CONFORMANCE_NODE_MODULES names another place that has them;
where it is set, as .ci/run sets it, a program that is missing fails the test instead of skipping it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import anyio
import pytest

from support import clean_environment

HERE = Path(__file__).parent
GIVEN = os.environ.get("CONFORMANCE_NODE_MODULES")
NODE_MODULES = Path(GIVEN).absolute() if GIVEN else HERE / "node_modules"
RUN_SECONDS_MAX = 60

# One executable in a package per platform; the scripts that would link them are not run.
OWN_EXECUTABLES = {
    "claude": sorted(NODE_MODULES.glob("@anthropic-ai/claude-code-*/claude")),
    "opencode": sorted(NODE_MODULES.glob("opencode-linux-*/bin/opencode")),
}


def program(name: str) -> Path:
    """Find a program, or skip the test that needs it."""
    for place in [*OWN_EXECUTABLES.get(name, []), NODE_MODULES / ".bin" / name]:
        if place.exists() and shutil.which("node", path=search_path()):
            return place
    reason = f"{name} or Node is not installed: npm ci --ignore-scripts in {HERE}"
    if GIVEN:
        pytest.fail(reason)
    pytest.skip(reason)


def search_path() -> str:
    """Answer a PATH on which the Node that came with the programs is the first."""
    nodes = [str(place) for place in NODE_MODULES.glob("node-linux-*/bin")]  # older npms do not link it in .bin
    return os.pathsep.join([*nodes, os.environ["PATH"]])


async def run(name: str, *arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, within the bound; both its outputs come as one."""
    command = [str(program(name)), *arguments]
    with anyio.fail_after(RUN_SECONDS_MAX):
        done = await anyio.run_process(
            command,
            cwd=cwd,
            env=clean_environment(**({"PATH": search_path(), "HOME": str(cwd), "NO_COLOR": "1"} | environment)),
            stderr=subprocess.STDOUT,
            check=False,
        )
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode())
