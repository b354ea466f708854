"""Bridges whose server is away, starts again or loses an answer, and that start again themselves: once, and all."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import pytest

from edge.wire import envelope
from proofs.bridging import ANSWER_SECONDS_MAX, Line, bridge, started
from proofs.losing_proxy import LosingProxy
from signalbox.domain.tokens import MintArgs, mint_token
from signalbox.identity import ToolGroup
from support import Agent, Project, ServerProcess, free_port

POSTS = 120
HEARD_PER_BRIDGE = 20
CALL = b'"tools/call"'


@pytest.mark.parametrize("is_modern", [False, True], ids=["handshake", "modern"])
async def test_a_server_that_was_away_at_the_first_act_is_asked_again_and_a_lost_answer_is_no_second_act(
    server: ServerProcess, agents: tuple[Agent, Agent], tmp_path: Path, *, is_modern: bool
) -> None:
    port, meta = free_port(), {"_meta": envelope()} if is_modern else {}
    way = LosingProxy(port, server.port, CALL)
    numbers: list[int] = []

    async def claim(line: Line) -> None:
        answer = await line.ask("tools/call", name="claim", arguments={"sequence": "adr"}, **meta)
        numbers.append(answer["result"]["structuredContent"]["number"])

    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(started(f"http://127.0.0.1:{port}", agents[0].token, tmp_path))
        await line.run_up()
        if not is_modern:
            async with LosingProxy(port, server.port, CALL):
                await line.open()
                await line.ask("ping")
        async with anyio.create_task_group() as group:
            group.start_soon(claim, line)
            await anyio.sleep(0.5)  # there is nobody: what takes a retry key is not known
            assert numbers == []
            await stack.enter_async_context(way)
        await claim(line)

    assert way.lost == 1
    assert numbers == [1, 2]


async def test_an_act_that_is_not_listed_is_not_repeated(
    server: ServerProcess, project: Project, agents: tuple[Agent, Agent], tmp_path: Path
) -> None:
    wish = MintArgs(participant_name="one", tool_groups=(ToolGroup.CORE,))
    narrow = (await mint_token(project.database, project.owner, wish)).token
    assert narrow is not None
    port = free_port()
    async with (
        LosingProxy(port, server.port, CALL) as way,
        bridge(f"http://127.0.0.1:{port}", narrow, tmp_path) as line,
    ):
        answer = await line.ask("tools/call", name="task_create", arguments={"title": "x"})

    assert way.lost == 1
    assert "it may have been done" in answer["error"]["message"]
    assert len((await agents[0].call("list_tasks"))["tasks"]) == 1


async def test_a_restart_of_the_server_loses_and_doubles_nothing(
    database_url: str, agents: tuple[Agent, Agent], tmp_path: Path
) -> None:
    one, two = agents
    port = free_port()

    def start() -> ServerProcess:
        return ServerProcess("serve", port=port, log=tmp_path / "serve.log", DATABASE_URL=database_url)

    first = start().wait_until_ready()
    async with (
        bridge(first.url, one.token, tmp_path) as sender,
        bridge(first.url, two.token, tmp_path, "--channel") as receiver,
    ):
        first.kill()
        first.stop()
        numbers: list[int] = []

        async def claim() -> None:
            numbers.append((await sender.call("claim", sequence="adr"))["number"])

        async with anyio.create_task_group() as group:
            group.start_soon(claim)
            await anyio.sleep(0.3)  # the call finds nobody, and goes on asking
            second = await anyio.to_thread.run_sync(start)
        try:
            assert numbers == [1]
            await sender.call("post", to_actor=two.actor, body="after")
            assert await receiver.rung(1) == ["1"]
            assert (await sender.call("claim", sequence="adr"))["number"] == 2
        finally:
            second.stop()


async def test_nothing_is_lost_and_nothing_shown_twice_while_bridges_and_the_server_start_again(
    database_url: str, agents: tuple[Agent, Agent], tmp_path: Path
) -> None:
    one, two = agents
    port, url = free_port(), ""
    posted: list[str] = []
    shown: list[str] = []
    restarts: list[int] = []

    def start() -> ServerProcess:
        return ServerProcess("serve", port=port, log=tmp_path / "serve.log", DATABASE_URL=database_url)

    async def send() -> None:
        for beginning in range(0, POSTS, POSTS // 3):
            async with bridge(url, one.token, tmp_path) as sender:
                for number in range(beginning, beginning + POSTS // 3):
                    post = await sender.call("post", to_actor=two.actor, body=str(number))
                    posted.append(str(post["post_id"]))
                assert await sender.end() == []

    async def receive() -> None:
        while len(shown) < POSTS:
            async with bridge(url, two.token, tmp_path, "--channel") as receiver:
                wanted = min(HEARD_PER_BRIDGE, POSTS - len(shown))
                shown.extend(await receiver.rung(wanted))
                shown.extend(await receiver.end())
                restarts.append(len(shown))

    server = start().wait_until_ready()
    url = server.url
    try:
        with anyio.fail_after(6 * ANSWER_SECONDS_MAX):
            async with anyio.create_task_group() as group:
                group.start_soon(send)
                group.start_soon(receive)
                for mark in (POSTS // 6, POSTS // 2):
                    while len(posted) < mark:  # noqa: ASYNC110 - both go on by themselves
                        await anyio.sleep(0.01)
                    server.kill()
                    server.stop()
                    server = await anyio.to_thread.run_sync(start)
        async with bridge(url, two.token, tmp_path, "--channel") as receiver:
            last = await one.call("post", to_actor=two.actor, body="last")
            assert await receiver.rung(1) == [str(last["post_id"])], "nothing of before rings again"
    finally:
        server.stop()

    assert posted == [str(number) for number in range(1, POSTS + 1)], "each was posted, and once"
    assert shown == posted
    assert len(restarts) >= 3


async def test_what_rang_without_a_channel_and_was_in_no_answer_yet_comes_after_a_restart(
    server: ServerProcess, agents: tuple[Agent, Agent], tmp_path: Path
) -> None:
    one, two = agents
    async with bridge(server.url, two.token, tmp_path) as line:
        await line.call("whoami")
        await one.call("post", to_actor=two.actor, subject="Review", body="x")
        await anyio.sleep(1)  # it has rung, and nobody asks anything
        await line.end()

    async with bridge(server.url, two.token, tmp_path) as line:
        texts = await said_with_answers(line, 2)
        await line.end()  # and is not killed between saying and keeping
    async with bridge(server.url, two.token, tmp_path) as line:
        await one.call("post", to_actor=two.actor, subject="Again", body="x")
        again = await said_with_answers(line, 2)

    assert f"Signalbox: post 1 from {one.actor}: Review" in texts[1]
    assert again[1].splitlines()[0] == f"Signalbox: post 2 from {one.actor}: Again"


async def said_with_answers(line: Line, count: int) -> list[Any]:
    """Ask until an answer has so many texts."""
    with anyio.fail_after(ANSWER_SECONDS_MAX):
        while True:
            content = (await line.ask("tools/call", name="whoami", arguments={}))["result"]["content"]
            if len(content) >= count:
                return [part["text"] for part in content]
