"""Eight callers at once on one task or one surface, round after round: one of them wins, every time."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from proofs.figures import figure
from proofs.processes import workers_of
from proofs.wire import Answer, Wire, at_once, wires
from support import Project, ServerProcess

CALLERS = 8
ROUNDS = {"rest": 200, "mcp": 50}

OVERLAPPING = (
    "r{0}/**",
    "r{0}/app.py",
    "r{0}/*.py",
    "r{0}/a*",
    "r{0}/app.*",
    "r{0}/?pp.py",
    "r{0}/**/app.py",
    "r{0}/*",
)
"""All of them fit r0/app.py, so each two overlap."""


@pytest.fixture(params=["rest", "mcp"])
def edge(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def leads(edge: str, two_workers: ServerProcess, project: Project) -> AsyncIterator[list[Wire]]:
    """Connections of eight leads, on both workers."""
    tokens = [(await project.join(f"lead-{number}", lead=True)).token for number in range(CALLERS)]
    assert len(workers_of(two_workers.process.pid)) == 2, "a race of workers needs both of them"
    async with wires(two_workers, tokens, mcp=edge == "mcp") as found:
        yield found


async def run(
    leads: list[Wire], rounds: int, tool: str, arguments: Callable[[int], list[dict[str, Any]]]
) -> list[list[Answer]]:
    """Call a tool by all at once, again and again."""
    started = time.perf_counter()
    found = [
        await at_once(lead.call(tool, **given) for lead, given in zip(leads, arguments(number), strict=True))
        for number in range(rounds)
    ]
    figure(f"{rounds} rounds of {CALLERS} x {tool}: {time.perf_counter() - started:.1f} s")
    return found


async def test_a_task_started_by_eight_at_once_has_one_winner(leads: list[Wire], edge: str) -> None:
    rounds = ROUNDS[edge]
    owner = (await leads[0].call("whoami"))["actor"]
    for number in range(rounds):
        assert (await leads[0].call("task_create", title=f"task {number}", owner=owner)).code is None

    answers = await run(leads, rounds, "task_start", lambda number: [{"task_id": number + 1}] * CALLERS)

    for answered in answers:
        losers = [answer for answer in answered if answer.code is not None]
        assert len(losers) == CALLERS - 1
        assert {answer.code for answer in losers} == {"conflict"}
        assert {(answer.fields["status"], answer.fields["owner"]) for answer in losers} == {("in_progress", owner)}
    started = [event["payload"]["task_id"] for event in await leads[0].ledger() if event["type"] == "task_start"]
    assert started == list(range(1, rounds + 1))


@pytest.mark.parametrize(
    "surfaces", [OVERLAPPING[1:2] * CALLERS, OVERLAPPING], ids=["one surface", "overlapping globs"]
)
async def test_a_surface_leased_by_eight_at_once_has_one_who_is_told_nobody_else_holds_it(
    leads: list[Wire], edge: str, surfaces: tuple[str, ...]
) -> None:
    answers = await run(
        leads, ROUNDS[edge], "lease", lambda number: [{"surface": surface.format(number)} for surface in surfaces]
    )

    for answered in answers:
        in_order = sorted(answered, key=lambda answer: int(answer["lease_id"]))
        assert [len(answer["others"]) for answer in in_order] == list(range(CALLERS))
        assert len({answer["fence"] for answer in answered}) == CALLERS
