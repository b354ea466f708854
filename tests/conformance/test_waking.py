"""A post wakes an idle session of the real Claude Code, by a hook that goes on in the background (`asyncRewake`)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import anyio
import anyio.abc

from conformance.clients import CLIENTS, Running
from conformance.examples import readme_examples
from conformance.models import Model, speaking
from conformance.programs import program, search_path
from conformance.test_clients import ALONE
from support import Agent, ServerProcess, clean_environment

WOKEN_SECONDS_MAX = 30
STREAMS = ("-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose")


async def test_a_post_wakes_a_session_that_has_answered_and_is_idle(
    server: ServerProcess, agent: Agent, peer: Agent, tmp_path: Path
) -> None:
    executable = str(program("claude"))
    top = tmp_path / "repo"
    top.mkdir()
    running = Running(CLIENTS["claude"], tmp_path / "home", top)
    running.configure(".claude/settings.json", readme_examples()[2])
    with speaking() as model:
        environment = clean_environment(
            PATH=f"{Path(sys.executable).parent}:{search_path()}",  # where the program signalbox is
            HOME=str(running.home),
            SIGNALBOX_URL=server.url,
            SIGNALBOX_TOKEN=agent.token,
            **ALONE,
            **running.client.environment(model.url),
        )
        async with await anyio.open_process([executable, *STREAMS], env=environment, cwd=top) as session:
            for turn in (1, 2):
                await say(session, "Go.")
                await answers(model, turn)
            await peer.call("post", to_actor=agent.actor, subject="Review", body="Look.", ref="PR-7")
            await answers(model, 3)
            woken = json.dumps(model.answering[2]["messages"][-1])
            await say(session, "Go.")
            await answers(model, 4)
            everything = json.dumps(model.answering[-1]["messages"])
            session.kill()

    line = f"Signalbox: post 1 from {peer.actor} [PR-7]: Review (read_posts(post_id=1))"
    assert line in woken
    assert everything.count(line) == 1, "the listener of the first turn has given way to that of the second"


async def say(session: anyio.abc.Process, text: str) -> None:
    """Ask a session something, as its user."""
    message: dict[str, Any] = {"type": "user", "message": {"role": "user", "content": text}}
    assert session.stdin is not None
    await session.stdin.send(json.dumps(message).encode() + b"\n")


async def answers(model: Model, number: int) -> None:
    """Wait until the model has been asked so often."""
    with anyio.fail_after(WOKEN_SECONDS_MAX):
        while True:
            if len(model.answering) >= number:
                return
            await anyio.sleep(0.05)
