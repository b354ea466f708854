"""Claims of one sequence by many at once: every number once, no gap, and each with its event."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from proofs.figures import figure
from proofs.wire import Answer, Wire, at_once, wires
from support import Project, ServerProcess, serving

PARTICIPANTS = 50


async def tokens_of(project: Project, participants: int = PARTICIPANTS) -> list[str]:
    return [(await project.join(f"agent-{number}")).token for number in range(participants)]


async def claim_all_at_once(connections: list[Wire], each: int) -> tuple[list[Answer], float]:
    """Claim `each` times on every connection, one after the other there, all connections together."""
    go = asyncio.Event()

    async def claims(wire: Wire) -> list[Answer]:
        await go.wait()
        return [await wire.call("claim", sequence="adr") for _ in range(each)]

    running = [asyncio.ensure_future(claims(wire)) for wire in connections]
    await asyncio.sleep(0)
    started = time.perf_counter()
    go.set()
    answers = await at_once(running)
    return [answer for batch in answers for answer in batch], time.perf_counter() - started


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
        answers, seconds = await claim_all_at_once(connections, each=1)
        figure(f"500 concurrent claims ({workers}, {edge}): {seconds:.2f} s")

        await assert_every_number_once(answers, connections[0])


async def test_5000_claims_on_two_workers_get_every_number_once(two_workers: ServerProcess, project: Project) -> None:
    tokens = await tokens_of(project)

    async with wires(two_workers, tokens * 10) as connections:
        answers, seconds = await claim_all_at_once(connections, each=10)
        figure(f"5000 claims, 500 at a time: {seconds:.2f} s")

        await assert_every_number_once(answers, connections[0])


async def test_5000_claims_at_once_get_every_number_once_where_that_many_may_wait(
    database_url: str, project: Project, tmp_path: Path
) -> None:
    tokens = await tokens_of(project)
    with serving(database_url, tmp_path, workers=2, SIGNALBOX_QUEUED_WRITES_MAX="5000") as server:
        async with wires(server, tokens * 100) as connections:
            answers, seconds = await claim_all_at_once(connections, each=1)
            figure(f"5000 concurrent claims: {seconds:.2f} s")

            await assert_every_number_once(answers, connections[0])
