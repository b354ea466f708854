"""A post wakes an idle session of the real Claude Code: by a hook in the background, and by the plugin's monitor."""

from __future__ import annotations

import json
import os
import pty
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from conformance.clients import CLIENTS, QUESTION, Running
from conformance.examples import readme_examples
from conformance.programs import program, search_path
from conformance.scripted import Model, speaking
from conformance.test_clients import ALONE
from proofs.test_turns import turn
from signalbox import paths
from support import Agent, ServerProcess, clean_environment

WOKEN_SECONDS_MAX = 30
STREAMS = ("-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose")
WITH_MONITORS = {
    "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL": "1",
    "GIT_SSH_COMMAND": "false",
}


@pytest.fixture
def running(tmp_path: Path) -> Running:
    top = tmp_path / "repo"
    top.mkdir()
    return Running(CLIENTS["claude"], tmp_path / "home", top)


def environment(running: Running, model: Model, server: ServerProcess, agent: Agent) -> dict[str, str]:
    return clean_environment(
        PATH=f"{Path(sys.executable).parent}:{search_path()}",  # where the program signalbox is
        HOME=str(running.home),
        TERM="xterm",
        SIGNALBOX_URL=server.url,
        SIGNALBOX_TOKEN=agent.token,
        **ALONE,
        **running.client.environment(model.url),
    )


async def test_a_hook_in_the_background_wakes_a_session(
    server: ServerProcess, agent: Agent, peer: Agent, running: Running
) -> None:
    executable = str(program("claude"))
    running.configure(".claude/settings.json", readme_examples()[2])
    with speaking() as model:
        given = environment(running, model, server, agent)
        async with await anyio.open_process([executable, *STREAMS], env=given, cwd=running.top) as session:
            assert session.stdin is not None
            question = {"type": "user", "message": {"role": "user", "content": QUESTION}}
            await session.stdin.send(json.dumps(question).encode() + b"\n")
            listener = await comes(lambda: turn(running.home))
            assert len(model.answering) == 1
            await peer.call("post", to_actor=agent.actor, subject="Review", body="Look.", ref="PR-7")
            await comes(lambda: len(model.answering) > 1)
            await comes(lambda: turn(running.home) != listener)  # the next waits, and will end with the session
            session.kill()

    assert f"{rung_by(peer)} (read_posts(post_id=1))" in json.dumps(model.answering[1]["messages"][-1])


async def test_the_monitor_of_the_plugin_wakes_a_session(
    server: ServerProcess, agent: Agent, peer: Agent, running: Running
) -> None:
    executable = str(program("claude"))
    known = {str(running.top): {"hasTrustDialogAccepted": True}}
    approved = {"approved": [running.client.environment("")["ANTHROPIC_API_KEY"]], "rejected": []}
    running.configure(
        ".claude.json", {"hasCompletedOnboarding": True, "customApiKeyResponses": approved, "projects": known}
    )
    with speaking() as model, terminal() as (screen, its_end):
        given = environment(running, model, server, agent) | WITH_MONITORS
        given.pop("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC")  # monitors are nonessential to it
        command = [executable, "--plugin-dir", str(paths.KIT), QUESTION]
        async with await anyio.open_process(
            command,
            env=given,
            cwd=running.top,
            stdin=its_end,
            stdout=its_end,
            stderr=its_end,
            start_new_session=True,
        ) as session:
            try:
                await comes(lambda: len(model.answering) > 0)
                await peer.call("post", to_actor=agent.actor, subject="Review", body="Look.", ref="PR-7")
                await comes(lambda: rung_by(peer) in json.dumps(model.answering[-1]["messages"]))
            except TimeoutError:
                pytest.fail(screen.decode(errors="replace"))
            finally:
                session.terminate()
            await session.wait()


@contextmanager
def terminal() -> Iterator[tuple[bytearray, int]]:
    """Open a terminal; answers what is shown on it, and the end that a program is given."""
    ours, its = pty.openpty()
    shown = bytearray()

    def read() -> None:
        with suppress(OSError):  # when the other end is closed
            while part := os.read(ours, 65_536):
                shown.extend(part)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield shown, its
    finally:
        os.close(its)
        reader.join()
        os.close(ours)


def rung_by(peer: Agent) -> str:
    return f"Signalbox: post 1 from {peer.actor} [PR-7]: Review"


async def comes(what: Callable[[], Any]) -> Any:
    """Wait until something is so."""
    with anyio.fail_after(WOKEN_SECONDS_MAX):
        while True:
            if found := what():
                return found
            await anyio.sleep(0.05)
