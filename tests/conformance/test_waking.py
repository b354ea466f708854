"""A post wakes an idle session of the real Claude Code, by a hook that goes on in the background (`asyncRewake`)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio

from conformance.clients import CLIENTS, Running
from conformance.examples import readme_examples
from conformance.models import speaking
from conformance.programs import program, search_path
from conformance.test_clients import ALONE
from proofs.test_turns import turn
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
            assert session.stdin is not None
            question = {"type": "user", "message": {"role": "user", "content": "Go."}}
            await session.stdin.send(json.dumps(question).encode() + b"\n")
            listener = await comes(lambda: turn(running.home))
            assert len(model.answering) == 1
            await peer.call("post", to_actor=agent.actor, subject="Review", body="Look.", ref="PR-7")
            await comes(lambda: len(model.answering) > 1)
            await comes(lambda: turn(running.home) != listener)  # the next waits, and will end with the session
            session.kill()

    line = f"Signalbox: post 1 from {peer.actor} [PR-7]: Review (read_posts(post_id=1))"
    assert line in json.dumps(model.answering[1]["messages"][-1])


async def comes(what: Callable[[], Any]) -> Any:
    """Wait until something is so."""
    with anyio.fail_after(WOKEN_SECONDS_MAX):
        while True:
            if found := what():
                return found
            await anyio.sleep(0.05)
