"""Claims of one sequence by many at once: every number once, no gap, and each with its event."""

from __future__ import annotations

import asyncio
import time

import pytest

from proofs.figures import figure
from proofs.wire import Answer, Wire, at_once, wires
from support import Project, ServerProcess

PARTICIPANTS = 50


async def tokens_of(project: Project, participants: int = PARTICIPANTS) -> list[str]:
    return [(await project.join(f"agent-{number}")).token for number in range(participants)]


async def claim_all_at_once(connections: list[Wire]) -> tuple[list[Answer], float]:
    """Claim once on every connection, all of them together; answers the seconds too."""
    go = asyncio.Event()

    async def claim(wire: Wire) -> Answer:
        await go.wait()
        return await wire.call("claim", sequence="adr")

    running = [asyncio.ensure_future(claim(wire)) for wire in connections]
    await asyncio.sleep(0)
    started = time.perf_counter()
    go.set()
    return await at_once(running), time.perf_counter() - started


async def assert_every_number_once(answers: list[Answer], reader: Wire) -> None:
    expected = list(range(1, len(answers) + 1))
    assert sorted(answer["number"] for answer in answers) == expected
    assert all(answer["formatted"] == str(answer["number"]) for answer in answers)
    ledger = await reader.ledger()
    assert [event["id"] for event in ledger] == list(range(1, len(ledger) + 1))
    assert [event["payload"]["number"] for event in ledger if event["type"] == "claim"] == expected


@pytest.mark.parametrize(("workers", "edge"), [("server", "rest"), ("two_workers", "mcp")])
async def test_500_concurrent_claims_of_50_participants_get_every_number_once(
    request: pytest.FixtureRequest, project: Project, workers: str, edge: str
) -> None:
    server: ServerProcess = request.getfixturevalue(workers)
    tokens = await tokens_of(project)

    async with wires(server, tokens * 10, mcp=edge == "mcp") as connections:
        answers, seconds = await claim_all_at_once(connections)
        figure(f"500 concurrent claims ({workers}, {edge}): {seconds:.2f} s")

        await assert_every_number_once(answers, connections[0])


async def test_5000_concurrent_claims_on_two_workers_get_every_number_once(
    two_workers: ServerProcess, project: Project
) -> None:
    tokens = await tokens_of(project)

    async with wires(two_workers, tokens * 100) as connections:
        answers, seconds = await claim_all_at_once(connections)
        figure(f"5000 concurrent claims: {seconds:.2f} s")

        await assert_every_number_once(answers, connections[0])
