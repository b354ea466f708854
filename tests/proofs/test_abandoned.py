"""Callers that hang up: what waits goes with them, what is under way is done whole, and nothing is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from proofs.furnished import all_rows
from proofs.operators import EVENTS, HEAD, holding, until
from proofs.queues import Queue, ledger_of, queue_of, settled
from proofs.wire import request, wires
from signalbox.config import Settings
from signalbox.db.acts import ACTS_TOGETHER_MAX
from signalbox.db.pool import Database
from support import Agent, Project, ServerProcess


@pytest.fixture
async def queue(project: Project, database_url: str) -> Queue:
    return await queue_of(project, database_url)


MANY = 2 * ACTS_TOGETHER_MAX


def claims(events: list[dict[str, Any]]) -> list[str]:
    return [event["payload"]["note"] for event in events if event["payload"].get("note")]


@asynccontextmanager
async def leaving_no_task() -> AsyncIterator[None]:
    """See that the tasks of the block have ended after it."""
    before = asyncio.all_tasks()
    yield
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_who_hangs_up_takes_a_waiting_act_away_and_no_other(queue: Queue, agent: Agent) -> None:
    async with leaving_no_task():
        async with queue.blocked():
            calls = [await queue.call("claim", sequence="adr", note=f"{each}") for each in range(MANY)]
            for call in calls[::3]:
                call.cancel()
            await asyncio.sleep(0)
        answers = await settled(calls)

    stayed = [f"{each}" for each in range(MANY) if each % 3]
    assert [answer["note"] for answer in answers if isinstance(answer, dict)] == stayed
    assert [len(together) for together in queue.travelled] == [ACTS_TOGETHER_MAX, len(stayed) - ACTS_TOGETHER_MAX]
    assert claims(await ledger_of(agent)) == stayed


async def test_when_all_who_wait_hang_up_nothing_travels_and_the_next_one_is_served(queue: Queue, agent: Agent) -> None:
    async with leaving_no_task():
        async with queue.blocked():
            calls = [await queue.call("claim", sequence="adr", note="gone") for _ in range(40)]
            for call in calls:
                call.cancel()
        await settled(calls)
        next_one = await queue.run("claim", sequence="adr")

    assert next_one["number"] == 1
    assert queue.travelled == [["claim"]]
    assert claims(await ledger_of(agent)) == []


async def test_who_hangs_up_while_the_act_is_under_way_has_it_done_whole(
    queue: Queue, agent: Agent, database_url: str, project: Project
) -> None:
    async with leaving_no_task():
        async with queue.blocked():
            assert queue.under_way is not None
            queue.under_way.cancel()
            await asyncio.sleep(0)
            waiting = await queue.call("claim", sequence="adr", note="stayed")
        (answer,) = await settled([waiting])
        again = await queue.run("claim", sequence="gate", idempotency_key="under way")

    assert queue.under_way.cancelled()
    assert isinstance(answer, dict)
    assert again["number"] == 2
    events = [event["payload"]["sequence"] for event in await ledger_of(agent) if event["type"] == "claim"]
    assert events == ["gate", "gate", "adr"]
    assert len((await all_rows(database_url, project.project_id))["claims"]) == len(events)


async def test_reads_that_are_abandoned_at_any_moment_leak_no_connection(settings: Settings, agent: Agent) -> None:
    """Sixty reads on two connections, each abandoned some steps of the event loop after the one before."""
    async with Database(settings.model_copy(update={"pool_connections": 2})) as database:
        caller = Agent(database, agent.token, agent.actor)
        await caller.call("whoami")
        async with leaving_no_task():
            for round_number in range(5):
                calls = [asyncio.create_task(caller.call("whats_new")) for _ in range(60)]
                for steps, call in enumerate(calls):
                    for _ in range((steps + round_number) % 7):
                        await asyncio.sleep(0)
                    call.cancel()
                await settled(calls)
            await both_connections_are_free(database)
            assert (await caller.call("whoami"))["actor"] == agent.actor


async def both_connections_are_free(database: Database) -> None:
    """Take both connections of a pool at once, and give them back."""
    async with asyncio.timeout(10), database.connection() as first, database.connection() as second:
        assert [await one.fetchval("select 1") for one in (first, second)] == [1, 1]


async def until_hung_up(server: ServerProcess, count: int) -> None:
    """Wait until the server has noticed that so many more callers are gone."""

    async def noticed() -> bool:
        return server.log.read_text().count("hung\\x20up") >= count

    await until(noticed)


async def begin(server: ServerProcess, agent: Agent, tool: str, *, mcp: bool, **arguments: Any) -> asyncio.StreamWriter:
    """Send a call on a connection of its own; closing it hangs up."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request(server.port, agent.token, tool, arguments, mcp=mcp))
    return writer


@pytest.mark.parametrize("edge", ["rest", "mcp"])
async def test_a_server_drops_the_waiting_acts_of_callers_who_hung_up(
    small_server: ServerProcess, database_url: str, project: Project, agent: Agent, edge: str
) -> None:
    mcp = edge == "mcp"
    gone_before = small_server.log.read_text().count("hung\\x20up")
    async with wires(small_server, [agent.token], mcp=mcp) as (wire,):
        async with holding(database_url, HEAD, project.project_id) as head:
            under_way = asyncio.create_task(wire.call("claim", sequence="adr", note="under way"))
            await head.until_waited_for()
            connections = [
                await begin(small_server, agent, "claim", mcp=mcp, sequence="adr", note="gone") for _ in range(20)
            ]
            for connection in connections:
                await connection.drain()
                connection.close()
            await until_hung_up(small_server, gone_before + len(connections))
        answer = await under_way
        after = await wire.call("claim", sequence="adr", note="after")

    assert (answer["number"], after["number"]) == (1, 2)
    assert claims(await ledger_of(agent)) == ["under way", "after"]


@pytest.mark.parametrize("edge", ["rest", "mcp"])
async def test_a_caller_who_hangs_up_in_a_slow_read_cancels_its_statement(
    small_server: ServerProcess, database_url: str, agent: Agent, edge: str
) -> None:
    """With both connections taken by such reads; they serve again while what the reads waited for is still held."""
    mcp = edge == "mcp"
    async with wires(small_server, [agent.token], mcp=mcp) as (wire,):
        async with holding(database_url, EVENTS) as events:
            reads = [await begin(small_server, agent, "query_events", mcp=mcp) for _ in range(2)]
            await events.until_waited_for(2)
            for read in reads:
                read.close()
            await events.until_nobody_waits()
            during = await wire.call("whoami")
        after = await wire.call("query_events")

    assert (during.code, after.code) == (None, None)
