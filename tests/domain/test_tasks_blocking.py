"""Blockers: why tasks wait, never in a circle, and how they go on."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from domain.racing import answers, at, head, ledger, refusals, together
from signalbox.db.pool import Database
from signalbox.errors import Conflict, NotFound, TooMany
from support import Agent, Project

ROUNDS = 10


async def in_progress(agent: Agent, count: int) -> list[int]:
    """Tasks of the agent that it has taken up."""
    made = [(await agent.call("task_create", title="Ship it", owner=agent.actor))["task_id"] for _ in range(count)]
    for task_id in made:
        await agent.call("task_start", task_id=task_id)
    return made


async def block(agent: Agent, task_id: int, on: int | None = None) -> dict[str, Any]:
    return await agent.call("task_block", task_id=task_id, reason="Waiting.", **({} if on is None else {"on": on}))


async def statuses(agent: Agent) -> list[str]:
    """Of every task, oldest first."""
    return [task["status"] for task in reversed((await agent.call("list_tasks"))["tasks"])]


async def test_a_task_may_wait_on_no_other_task(agent: Agent) -> None:
    await in_progress(agent, 1)

    blocked = await block(agent, 1)

    assert blocked == {"task_id": 1, "status": "blocked", "owner": agent.actor}


async def test_a_task_waits_on_another(agent: Agent) -> None:
    await in_progress(agent, 2)

    blocked = await block(agent, 1, on=2)

    assert blocked == {"task_id": 1, "status": "blocked", "owner": agent.actor, "on": 2}
    (event,) = await ledger(agent, type="task_block")
    assert event["payload"] == {
        "task_id": 1,
        "status": "blocked",
        "owner": agent.actor,
        "blocker_id": 1,
        "on": 2,
        "reason": "Waiting.",
    }


async def test_a_task_does_not_wait_on_one_that_is_not_there(agent: Agent) -> None:
    await in_progress(agent, 1)

    with pytest.raises(NotFound, match="no task 99"):
        await block(agent, 1, on=99)
    assert await statuses(agent) == ["in_progress"]


async def test_a_task_does_not_wait_on_one_that_is_done(agent: Agent) -> None:
    await in_progress(agent, 2)
    await agent.call("task_ship", task_id=2)

    with pytest.raises(Conflict, match="done already"):
        await block(agent, 1, on=2)
    assert await statuses(agent) == ["in_progress", "done"]


@pytest.mark.parametrize("length", [1, 2, 3, 8])
async def test_tasks_never_wait_in_a_circle(agent: Agent, length: int) -> None:
    await in_progress(agent, length)
    for task_id in range(1, length):
        await block(agent, task_id, on=task_id + 1)
    before = await head(agent)

    with pytest.raises(Conflict, match="would never end") as refused:
        await block(agent, length, on=1)

    assert refused.value.state == {"task_id": length, "on": 1}
    assert (await statuses(agent))[-1] == "in_progress"
    assert await head(agent) == before


async def test_a_way_round_that_is_no_circle_is_fine(agent: Agent) -> None:
    await in_progress(agent, 4)
    for task_id, on in ((1, 2), (1, 3), (2, 4), (3, 4)):
        await block(agent, task_id, on=on)

    assert await statuses(agent) == ["blocked", "blocked", "blocked", "in_progress"]


async def test_a_blocker_that_is_resolved_closes_no_circle(agent: Agent) -> None:
    await in_progress(agent, 2)
    await block(agent, 1, on=2)
    await agent.call("task_resolve", task_id=1, blocker=2)

    blocked = await block(agent, 2, on=1)

    assert blocked["status"] == "blocked"


async def test_two_who_block_on_each_other_at_once_make_no_circle(agent: Agent, workers: list[Database]) -> None:
    for _ in range(ROUNDS):
        one, two, three = await in_progress(agent, 3)
        ways = ((one, two), (two, three), (three, one))

        outcomes = await together(
            [block(at(worker, agent), task_id, on=on) for worker, (task_id, on) in zip(workers, ways, strict=False)]
        )

        assert [len(answers(outcomes)), len(refusals(outcomes))] == [2, 1]


async def test_shipping_a_task_lets_those_go_on_that_waited_on_it(agent: Agent) -> None:
    await in_progress(agent, 4)
    for waiting in (1, 2):
        await block(agent, waiting, on=4)
    await block(agent, 2, on=3)

    await agent.call("task_ship", task_id=4)

    assert await statuses(agent) == ["in_progress", "blocked", "in_progress", "done"]
    events = [(event["payload"]["task_id"], event["payload"]["status"]) for event in (await ledger(agent))[-3:]]
    assert events == [(4, "done"), (1, "in_progress"), (2, "blocked")]


async def test_shipping_frees_a_task_of_every_reason_to_wait_on_it(agent: Agent) -> None:
    await in_progress(agent, 2)
    for _ in range(2):
        await block(agent, 1, on=2)

    await agent.call("task_ship", task_id=2)

    assert await statuses(agent) == ["in_progress", "done"]


async def test_shipping_leaves_a_reason_that_is_no_task(agent: Agent) -> None:
    await in_progress(agent, 2)
    await block(agent, 1, on=2)
    await block(agent, 1)

    await agent.call("task_ship", task_id=2)

    assert await statuses(agent) == ["blocked", "done"]


async def test_a_resolved_task_goes_on_when_nothing_else_blocks_it(agent: Agent, peer: Agent) -> None:
    await in_progress(agent, 3)
    await block(agent, 1, on=2)
    await block(agent, 1, on=3)

    first = await peer.call("task_resolve", task_id=1, blocker=2)
    second = await peer.call("task_resolve", task_id=1, blocker=3)

    assert [first["status"], second["status"]] == ["blocked", "in_progress"]
    (task,) = (await agent.call("list_tasks", task_id=1))["tasks"]
    assert all("resolved_at" in blocker for blocker in task["blocked_by"])
    assert task["blockers"] == 0


async def test_resolving_without_naming_a_blocker_resolves_all(agent: Agent) -> None:
    await in_progress(agent, 2)
    await block(agent, 1, on=2)
    await block(agent, 1)

    resolved = await agent.call("task_resolve", task_id=1)

    assert resolved == {"task_id": 1, "status": "in_progress", "owner": agent.actor}
    assert (await ledger(agent, type="task_resolve"))[-1]["payload"]["blocker_ids"] == [1, 2]


async def test_resolving_what_does_not_block_is_refused(agent: Agent) -> None:
    await in_progress(agent, 2)
    await block(agent, 1)

    with pytest.raises(NotFound, match="does not wait on task 2"):
        await agent.call("task_resolve", task_id=1, blocker=2)
    assert await statuses(agent) == ["blocked", "in_progress"]


async def test_resolving_nothing_writes_no_event(agent: Agent) -> None:
    await in_progress(agent, 1)
    before = await head(agent)

    await agent.call("task_resolve", task_id=1)

    assert await head(agent) == before


async def test_a_blocked_task_is_not_shipped(agent: Agent) -> None:
    await in_progress(agent, 1)
    await block(agent, 1)

    with pytest.raises(Conflict, match="is blocked"):
        await agent.call("task_ship", task_id=1)


async def test_a_task_has_a_thousand_blockers_at_most(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    await in_progress(agent, 1)
    fill = (
        "insert into task_blockers (project_id, task_id, blocker_id, reason, actor, created_at)"
        " select $1, 1, n, 'r', 'a', now() from generate_series(1, 1000) n"
    )
    await operator.execute(fill, project.project_id)

    with pytest.raises(TooMany, match="1000 blockers"):
        await block(agent, 1)
