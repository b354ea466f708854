"""Waiters on real servers: told by other workers, through a database that restarts and a worker that is killed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from proofs.cluster import Cluster
from proofs.operators import until
from proofs.processes import workers_of
from proofs.test_lost_answers import aside
from proofs.test_restarted_database import running, until_probe  # noqa: F401 - a fixture
from proofs.wire import Answer, Wire, wires
from signalbox.config import load_settings
from signalbox.db.pool import Database
from support import Agent, Project, make_project, serving

WAITERS = 200
IDLE_SECONDS = 8
ANSWER_SECONDS_MAX = 10
RESTART_SECONDS_MAX = 30

Calls = Sequence[asyncio.Task[Answer]]


def wait_on(connections: Sequence[Wire], seconds: float) -> list[asyncio.Task[Answer]]:
    return [asyncio.create_task(wire.call("wait", timeout_seconds=seconds)) for wire in connections]


async def until_all_wait(asker: Wire, waiters: Sequence[Agent]) -> None:
    """Wait until each is shown as one who waits."""
    names = {waiter.actor for waiter in waiters}

    async def are_seen() -> bool:
        active = (await asker.call("who_is_active"))["active"]
        return names <= {one["actor"] for one in active if one["reach"] == "wait"}

    await until(are_seen)


async def answers_of(calls: Calls, seconds: float = ANSWER_SECONDS_MAX) -> list[Answer]:
    async with asyncio.timeout(seconds):
        return await asyncio.gather(*calls)


def heard_of(answers: Sequence[Answer]) -> list[list[int]]:
    return [[post_id for fired in answer["fired"] for post_id in fired["post_ids"]] for answer in answers]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["stopped", "killed"])
async def test_a_database_that_ends_under_waiters_and_comes_back_costs_none_of_them_its_answer(
    running: Cluster,  # noqa: F811
    tmp_path: Path,
    how: signal.Signals,
) -> None:
    """Whoever gets a post hears of it, the others of nothing when their time is over; nobody calls again."""
    async with Database(load_settings({}, database_url=running.dsn)) as database:
        project = await make_project(database)
        lead, *agents = [await project.join(f"agent-{number}") for number in range(WAITERS + 1)]
    async with (
        aside(serving(running.dsn, tmp_path, SIGNALBOX_POOL_WAIT_SECONDS="2")) as server,
        httpx2.AsyncClient(base_url=server.url, timeout=ANSWER_SECONDS_MAX) as web,
        wires(server, [lead.token, *(agent.token for agent in agents)]) as (poster, *connections),
    ):
        told = wait_on(connections[: WAITERS // 2], 50)
        idle = wait_on(connections[WAITERS // 2 :], IDLE_SECONDS)
        await until_all_wait(poster, agents)
        running.end(how)
        await until_probe(web, "/readyz", 503)
        await running.start()
        await until_probe(web, "/readyz", 200)
        for agent in agents[: WAITERS // 2]:
            assert (await poster.call("post", to_actor=agent.actor, body="Go on.")).code is None
        heard = await answers_of(told)
        silent = await answers_of(idle, IDLE_SECONDS + ANSWER_SECONDS_MAX)

    assert heard_of(heard) == [[number] for number in range(1, WAITERS // 2 + 1)]
    assert heard_of(silent) == [[]] * (WAITERS // 2)


async def test_a_worker_that_is_killed_costs_its_waiters_a_call_and_no_post(
    database_url: str, project: Project, tmp_path: Path
) -> None:
    """Those of the other worker are answered; those of the killed one call again, with the cursor that they have."""
    lead, *agents = [await project.join(f"agent-{number}") for number in range(21)]

    async def wait_whatever_happens(port: int, agent: Agent, wire: Wire) -> Answer:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            return await wire.call("wait", timeout_seconds=50)
        while True:
            again = Wire(port, agent.token)
            try:
                with suppress(ConnectionError, asyncio.IncompleteReadError):  # the killed one's socket may have had it
                    await again.open()
                    return await again.call("wait", after=before, timeout_seconds=50)
            finally:
                await again.close()

    with serving(database_url, tmp_path, workers=2) as server:
        async with wires(server, [lead.token, *(agent.token for agent in agents)]) as (poster, *connections):
            before = (await connections[0].call("wait", timeout_seconds=0))["cursor"]
            calls = [
                asyncio.create_task(wait_whatever_happens(server.port, agent, wire))
                for agent, wire in zip(agents, connections, strict=True)
            ]
            await until_all_wait(poster, agents)
            os.kill(workers_of(server.process.pid)[1], signal.SIGKILL)
            for agent in agents:
                await lead.call("post", to_actor=agent.actor, body="Go on.")
            heard = await answers_of(calls, RESTART_SECONDS_MAX)  # the next worker may take some of them, and starts

    assert heard_of(heard) == [[number] for number in range(1, len(agents) + 1)]


async def test_whoever_hangs_up_makes_room_for_another_wait(database_url: str, agent: Agent, tmp_path: Path) -> None:
    with serving(database_url, tmp_path, SIGNALBOX_WAITS_MAX="4") as server:
        async with wires(server, [agent.token] * 5) as connections:
            calls = wait_on(connections, 50)
            done, parked = await asyncio.wait(calls, timeout=ANSWER_SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED)
            refused = [call.result().code for call in done]
            for call in parked:
                call.cancel()
            await asyncio.gather(*parked, return_exceptions=True)
        async with wires(server, [agent.token]) as (another,):

            async def is_taken() -> bool:
                return (await another.call("wait", timeout_seconds=0)).code is None

            await until(is_taken)

    assert refused == ["too_many"]
    assert len(parked) == 4
