"""Projects beside each other: what one of them waits for, or does in plenty, does not keep another one."""

from __future__ import annotations

import asyncio

from proofs.operators import HEAD, holding
from proofs.queues import queue_of, settled
from proofs.wire import at_once, wires
from signalbox.db.acts import ACTS_TOGETHER_MAX
from support import Project, ServerProcess

QUEUED = 200
QUIET_CALLERS = 10
QUIET_ROUNDS = 10


async def test_no_call_waits_for_writes_of_another_project(
    small_server: ServerProcess, database_url: str, project: Project, other_project: Project
) -> None:
    """Two hundred writes wait for one lock, on a server with two connections; a hundred calls pass them all by."""
    busy = [(await project.join(f"busy-{number}")).token for number in range(20)]
    quiet = [(await other_project.join(f"quiet-{number}")).token for number in range(QUIET_CALLERS)]
    async with wires(small_server, busy * (QUEUED // 20)) as flood, wires(small_server, quiet) as callers:
        async with holding(database_url, HEAD, project.project_id) as head:
            waiting = [asyncio.create_task(wire.call("claim", sequence="adr")) for wire in flood]
            await head.until_waited_for()
            passed = [
                answer
                for number in range(QUIET_ROUNDS)
                for answer in await at_once(
                    wire.call("claim", sequence="adr") if number % 2 else wire.call("whats_new") for wire in callers
                )
            ]
            still_waiting = [call for call in waiting if not call.done()]
        done = await at_once(waiting)

    assert {answer.code for answer in passed} == {None}
    assert len(passed) == QUIET_CALLERS * QUIET_ROUNDS
    assert len(still_waiting) == QUEUED
    assert sorted(answer["number"] for answer in done) == list(range(1, QUEUED + 1))


async def test_the_answers_of_acts_that_travelled_together_leave_turns_to_others(
    project: Project, database_url: str
) -> None:
    """Each is handed out in a turn of its own of the event loop; all in one turn would keep everybody else."""
    queue = await queue_of(project, database_url)
    turn = 0
    turns: list[int] = []

    async def count_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    def answered(_call: object) -> None:
        turns.append(turn)

    counting = asyncio.create_task(count_turns())
    async with queue.blocked():
        calls = [await queue.call("claim", sequence="adr") for _ in range(ACTS_TOGETHER_MAX)]
        for call in calls:
            call.add_done_callback(answered)
    answers = await settled(calls)
    counting.cancel()

    assert queue.travelled == [["claim"] * ACTS_TOGETHER_MAX]
    assert [answer["number"] for answer in answers if isinstance(answer, dict)] == [*range(1, ACTS_TOGETHER_MAX + 1)]
    assert len(set(turns)) == ACTS_TOGETHER_MAX
