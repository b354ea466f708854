"""`signalbox bridge` and `listen`: a post rings in the other session, over restarts of either side, once."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import pytest

from signalbox.identity import mint_token
from support import Agent, Project, ServerProcess, clean_environment, free_port

COMMAND = (sys.executable, "-m", "signalbox")
ANSWER_SECONDS_MAX = 20
POSTS = 40


class Line:
    """A program with lines of JSON on its standard input and output."""

    def __init__(self, process: anyio.abc.Process) -> None:
        self.process = process
        self._buffer = b""
        self.heard: list[dict[str, Any]] = []
        self._id = 0

    async def say(self, **message: Any) -> None:
        assert self.process.stdin is not None
        await self.process.stdin.send((json.dumps({"jsonrpc": "2.0", **message}) + "\n").encode())

    async def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        with anyio.fail_after(ANSWER_SECONDS_MAX):
            while b"\n" not in self._buffer:
                self._buffer += await self.process.stdout.receive()
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a request and answer its answer; what else was said meanwhile is kept in `heard`."""
        self._id += 1
        await self.say(id=self._id, method=method, params=params)
        while (message := await self.hear()).get("id") != self._id:
            self.heard.append(message)
        return message

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        answer = await self.ask("tools/call", name=tool, arguments=arguments)
        found: dict[str, Any] = answer["result"]["structuredContent"]
        return found

    async def rung(self, count: int) -> list[str]:
        """Wait for so many doorbells; answers the ids of their posts."""
        bells = [message for message in self.heard if message.get("method") == "notifications/claude/channel"]
        self.heard.clear()
        while len(bells) < count:
            message = await self.hear()
            if message.get("method") == "notifications/claude/channel":
                bells.append(message)
        return [bell["params"]["meta"]["post_id"] for bell in bells]


@asynccontextmanager
async def bridge(url: str, token: str, home: Path, *options: str) -> AsyncIterator[Line]:
    environment = clean_environment(SIGNALBOX_URL=url, SIGNALBOX_TOKEN=token, HOME=str(home))
    command = [*COMMAND, "bridge", *options]
    async with await anyio.open_process(command, env=environment, cwd=home, stderr=None) as process:
        line = Line(process)
        try:
            client = {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "proof", "version": "1"},
            }
            answer = await line.ask("initialize", **client)
            assert ("experimental" in answer["result"]["capabilities"]) == ("--channel" in options)
            await line.say(method="notifications/initialized")
            yield line
        finally:
            process.kill()


@pytest.fixture
async def agents(project: Project) -> tuple[Agent, Agent]:
    return await project.join("one"), await project.join("two")


async def test_tools_are_listed_as_there_and_called(
    server: ServerProcess, agents: tuple[Agent, Agent], tmp_path: Path
) -> None:
    async with bridge(server.url, agents[0].token, tmp_path) as line:
        listed = await line.ask("tools/list")
        claimed = [await line.call("claim", sequence="adr") for _ in range(2)]

    assert {"claim", "post"} <= {tool["name"] for tool in listed["result"]["tools"]}
    assert [claim["number"] for claim in claimed] == [1, 2]


async def test_a_post_rings_in_the_other_session_once_and_quickly(
    server: ServerProcess, agents: tuple[Agent, Agent], tmp_path: Path, record_property: Any
) -> None:
    one, two = agents
    taken = []
    async with (
        bridge(server.url, one.token, tmp_path) as sender,
        bridge(server.url, two.token, tmp_path, "--channel") as receiver,
    ):
        await sender.call("post", to_actor=two.actor, body="0")
        assert await receiver.rung(1) == ["1"]
        for number in range(1, POSTS):
            started = time.monotonic()
            posted = await sender.call("post", to_actor=two.actor, body=str(number))
            assert await receiver.rung(1) == [str(posted["post_id"])]
            taken.append(time.monotonic() - started)

    p95 = statistics.quantiles(taken, n=20)[-1] * 1000
    record_property("p95_milliseconds", p95)
    assert p95 < 1000, "100 ms are the aim; a loaded machine has its time"


async def test_what_is_posted_while_a_bridge_is_down_rings_when_it_is_back_and_nothing_twice(
    server: ServerProcess, agents: tuple[Agent, Agent], tmp_path: Path
) -> None:
    one, two = agents
    await one.call("post", to_actor=two.actor, body="1")
    async with bridge(server.url, two.token, tmp_path, "--channel") as line:
        assert await line.rung(1) == ["1"]
        await anyio.sleep(0.2)  # the place is kept right after the line was said
    for number in ("2", "3"):
        await one.call("post", to_actor=two.actor, body=number)

    async with bridge(server.url, two.token, tmp_path, "--channel") as line:
        assert await line.rung(2) == ["2", "3"]
        await one.call("post", to_actor=two.actor, body="4")
        assert await line.rung(1) == ["4"]


async def test_without_a_channel_what_has_rung_comes_with_the_next_answer_once(
    server: ServerProcess, agents: tuple[Agent, Agent], tmp_path: Path
) -> None:
    one, two = agents
    async with bridge(server.url, two.token, tmp_path) as line:
        await line.call("whoami")
        await one.call("post", to_actor=two.actor, subject="Review", body="x")
        texts: list[str] = []
        with anyio.fail_after(ANSWER_SECONDS_MAX):
            while len(texts) < 2:
                content = (await line.ask("tools/call", name="whoami", arguments={}))["result"]["content"]
                texts = [part["text"] for part in content]
        again = (await line.ask("tools/call", name="whoami", arguments={}))["result"]["content"]

    assert f"Signalbox: post 1 from {one.actor}: Review" in texts[1]
    assert len(again) == 1


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
        await sender.call("claim", sequence="adr")
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
            assert numbers == [2]
            await sender.call("post", to_actor=two.actor, body="after")
            assert await receiver.rung(1) == ["1"]
            assert (await sender.call("claim", sequence="adr"))["number"] == 3
        finally:
            second.stop()


async def test_a_listener_prints_a_line_for_each_post_and_wakes_a_session(
    server: ServerProcess, agents: tuple[Agent, Agent], tmp_path: Path
) -> None:
    one, two = agents
    await one.call("post", to_actor=two.actor, subject="Re\u202eview", body="secret", kind="question")
    environment = clean_environment(SIGNALBOX_URL=server.url, SIGNALBOX_TOKEN=two.token, HOME=str(tmp_path))
    command = [*COMMAND, "listen", "--once"]

    for number in (1, 2):
        with anyio.fail_after(ANSWER_SECONDS_MAX):
            done = await anyio.run_process(command, env=environment, cwd=tmp_path, check=False)
        assert done.returncode == 2
        assert done.stdout == b""
        (line,) = done.stderr.decode().splitlines()
        assert line.startswith(f"Signalbox: post {number} from {one.actor} [question]: Re")
        assert "secret" not in line
        await one.call("post", to_actor=two.actor, subject="Review", body="secret", kind="question")


async def test_a_token_that_does_not_hold_ends_a_listener_and_is_said_by_a_bridge(
    server: ServerProcess, tmp_path: Path
) -> None:
    token, _ = mint_token()
    environment = clean_environment(SIGNALBOX_URL=server.url, SIGNALBOX_TOKEN=token, HOME=str(tmp_path))
    with anyio.fail_after(ANSWER_SECONDS_MAX):
        done = await anyio.run_process([*COMMAND, "listen"], env=environment, cwd=tmp_path, check=False)

    assert done.returncode == 1
    assert "refuses this token" in done.stderr.decode()
    async with await anyio.open_process([*COMMAND, "bridge"], env=environment, cwd=tmp_path) as process:
        answer = await Line(process).ask("initialize", protocolVersion="2025-11-25", capabilities={})
        process.kill()
    assert "answers 401" in answer["error"]["message"]
