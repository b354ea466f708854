"""`signalbox bridge` and `listen`: a post rings in the other session, over restarts of either side, once."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import anyio

from proofs.bridging import ANSWER_SECONDS_MAX, COMMAND, Line, bridge
from proofs.figures import figure
from signalbox.identity import mint_token
from support import Agent, ServerProcess, clean_environment

POSTS = 120


async def test_tools_are_listed_as_there_and_called(
    server: ServerProcess, agents: tuple[Agent, Agent], tmp_path: Path
) -> None:
    async with bridge(server.url, agents[0].token, tmp_path) as line:
        listed = await line.ask("tools/list")
        claimed = [await line.call("claim", sequence="adr") for _ in range(2)]

    assert {"claim", "post"} <= {tool["name"] for tool in listed["result"]["tools"]}
    assert [claim["number"] for claim in claimed] == [1, 2]


async def test_a_post_rings_in_the_other_session_once_and_quickly(
    server: ServerProcess, agents: tuple[Agent, Agent], tmp_path: Path
) -> None:
    one, two = agents
    taken = []
    async with (
        bridge(server.url, one.token, tmp_path) as sender,
        bridge(server.url, two.token, tmp_path, "--channel") as receiver,
    ):
        await sender.call("post", to_actor=two.actor, body="0")
        assert await receiver.rung(1) == ["1"]
        for number in range(1, POSTS + 1):
            started = time.monotonic()
            posted = await sender.call("post", to_actor=two.actor, body=str(number))
            assert await receiver.rung(1) == [str(posted["post_id"])]
            taken.append(time.monotonic() - started)

    cuts = [moment * 1000 for moment in statistics.quantiles(taken, n=100)]
    p50, p95 = cuts[49], cuts[94]
    figure(f"{POSTS} posts from one bridge to the other: p50 {p50:.1f} ms, p95 {p95:.1f} ms")
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
