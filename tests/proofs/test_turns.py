"""`signalbox listen --once` in the background of a session: one at a time, and none after its session."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from support import Agent, ServerProcess, clean_environment

pytestmark = pytest.mark.usefixtures("anyio_backend")  # its fixtures are asynchronous, the tests are not
LISTEN = [sys.executable, "-m", "signalbox", "listen", "--once"]
ENDED_SECONDS_MAX = 20


@contextmanager
def listening(home: Path, server: ServerProcess, agent: Agent, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start something that listens, and wait until it has its turn."""
    environment = clean_environment(SIGNALBOX_URL=server.url, SIGNALBOX_TOKEN=agent.token, HOME=str(home))
    before = turn(home)
    with subprocess.Popen(command, env=environment, cwd=home, stderr=subprocess.PIPE) as process:
        try:
            deadline = time.monotonic() + ENDED_SECONDS_MAX
            while turn(home) == before:
                assert time.monotonic() < deadline, "it has never had a turn"
                time.sleep(0.05)
            yield process
        finally:
            process.kill()


def turn(home: Path) -> str:
    """Answer whose turn it is."""
    return "".join(path.read_text() for path in home.rglob("*.turn"))


def test_the_newest_listener_wakes_a_session_and_no_other(
    server: ServerProcess, agent: Agent, peer: Agent, tmp_path: Path
) -> None:
    with (
        listening(tmp_path, server, agent, LISTEN) as first,
        listening(tmp_path, server, agent, LISTEN) as second,
    ):
        assert first.wait(ENDED_SECONDS_MAX) == 0
        assert second.poll() is None
        post = {"to_actor": agent.actor, "body": "Wake."}
        httpx2.post(f"{server.url}/api/tools/post", json=post, headers=peer.headers).raise_for_status()

        said = second.communicate(timeout=ENDED_SECONDS_MAX)[1]

        assert second.returncode == 2
        assert said.startswith(b"Signalbox: post 1 from ")
        assert first.communicate()[1] == b""


def test_a_listener_ends_with_what_has_started_it(server: ServerProcess, agent: Agent, tmp_path: Path) -> None:
    client = [sys.executable, "-c", f"import subprocess; subprocess.run({LISTEN!r})"]
    with listening(tmp_path, server, agent, client) as process:
        listener = int(turn(tmp_path).split()[0])

        process.kill()

        try:
            process.communicate(timeout=ENDED_SECONDS_MAX)  # until nobody has its standard error any more
        except subprocess.TimeoutExpired:
            os.kill(listener, signal.SIGKILL)
            raise
