"""More callers than connections: all are answered within a bound, and every connection comes back."""

from __future__ import annotations

import asyncio

import pytest

from proofs.operators import EVENTS, HEAD, holding
from proofs.wire import at_once, wires
from signalbox.db.pool import Database
from support import Project, ServerProcess, make_project


@pytest.mark.parametrize("edge", ["rest", "mcp"])
async def test_500_at_once_on_two_connections_are_all_served(
    small_server: ServerProcess, project: Project, edge: str
) -> None:
    tokens = [(await project.join(f"agent-{number}")).token for number in range(20)]
    async with wires(small_server, tokens * 25, mcp=edge == "mcp") as callers:
        reads = await at_once(wire.call("whats_new", limit=10) for wire in callers)
        both = await at_once(
            wire.call("claim", sequence="adr") if place % 2 else wire.call("whats_new", limit=10)
            for place, wire in enumerate(callers[:200])
        )

    assert {answer.code for answer in (*reads, *both)} == {None}
    assert sorted(answer["number"] for answer in both[1::2]) == list(range(1, 101))


@pytest.mark.parametrize("edge", ["rest", "mcp"])
async def test_callers_of_a_pool_that_is_taken_hear_unavailable_and_nothing_hangs_or_leaks(
    impatient_server: ServerProcess, database: Database, database_url: str, edge: str
) -> None:
    """The acts of two projects hold both connections; others come, of these projects and of two more."""
    projects = [await make_project(database) for _ in range(4)]
    tokens = [(await one.join(f"agent-{number}")).token for one in projects for number in range(10)]
    async with wires(impatient_server, tokens, mcp=edge == "mcp") as callers:
        await at_once(wire.call("claim", sequence="warm") for wire in callers)  # all are known from now on
        async with (
            holding(database_url, HEAD, projects[0].project_id) as first,
            holding(database_url, HEAD, projects[1].project_id) as second,
        ):
            acts = [asyncio.create_task(wire.call("claim", sequence="adr")) for wire in (callers[0], callers[10])]
            await first.until_waited_for()
            await second.until_waited_for()
            acts += [asyncio.create_task(wire.call("claim", sequence="adr")) for wire in callers[1:10]]
            others = (*callers[11:20:2], *callers[20:])
            refused = await at_once(
                wire.call("claim", sequence="adr") if place % 2 else wire.call("whats_new")
                for place, wire in enumerate(others, start=1)
                if place > 5 or not place % 2
            )
        held_up = await at_once(acts)
        async with holding(database_url, EVENTS) as events:
            reads = [asyncio.create_task(wire.call("query_events")) for wire in callers[20:22]]
            await events.until_waited_for(2)  # so both connections are there
        after = await at_once([*reads, *(wire.call("claim", sequence="adr") for wire in callers[22:])])

    assert len(refused) == 22
    assert {(answer.code, answer.status) for answer in refused} == {("unavailable", 503 if edge == "rest" else 200)}
    assert {answer.fields["retry_after_seconds"] for answer in refused} == {1}
    assert [answer["number"] for answer in held_up] == [1, 1, *range(2, 11)]
    assert sorted(answer["number"] for answer in after[2:]) == sorted([*range(1, 9), *range(1, 11)])
