"""Dependencies: tasks that are to be done before others, and what lists say of them."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from domain.racing import head, ledger
from domain.test_next_tasks import make, taken, whole
from signalbox.errors import Conflict, InvalidArguments, NotFound, TooMany
from support import Agent, Project


async def listed(agent: Agent, **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await agent.call("list_tasks", **filters))["tasks"]
    return found


async def ship(agent: Agent, task_id: int) -> None:
    await agent.call("task_assign", task_id=task_id, owner=agent.actor)
    await agent.call("task_start", task_id=task_id)
    await agent.call("task_ship", task_id=task_id)


async def test_what_a_task_depends_on_stands_in_the_ledger_and_in_lists(agent: Agent) -> None:
    await make(agent)
    await make(agent, depends_on=[1], priority="low", ref="ADR-7")

    second, first = await listed(agent)

    assert (await ledger(agent))[-1]["payload"] == {
        "task_id": 2,
        "title": "Ship it",
        "status": "open",
        "depends_on": [1],
        "priority": "low",
        "ref": "ADR-7",
    }
    assert (await ledger(agent, ref="ADR-7"))[0]["payload"]["task_id"] == 2
    assert set(first) == {"task_id", "title", "status", "blockers"}
    assert (second["depends_on"], second["ready"], second["priority"], second["ref"]) == ([1], False, "low", "ADR-7")
    await ship(agent, 1)
    assert (await listed(agent))[0]["ready"] is True
    await taken(agent)
    assert "ready" not in (await listed(agent))[0]


async def test_a_task_depends_on_what_is_there_and_was_not_given_up(agent: Agent) -> None:
    await make(agent)
    await agent.call("task_cancel", task_id=1)
    before = await head(agent)

    with pytest.raises(NotFound, match="no task 2"):
        await make(agent, depends_on=[2])
    with pytest.raises(Conflict, match="task 1 was cancelled"):
        await make(agent, depends_on=[1])
    assert await head(agent) == before
    assert await make(agent) == 2


async def test_what_is_done_need_not_be_waited_for(agent: Agent) -> None:
    await make(agent)
    await ship(agent, 1)
    await make(agent, depends_on=[1])

    assert (await listed(agent))[0]["ready"] is True
    assert "resolved_at" in (await whole(agent, 2))["dependencies"][0]


async def test_an_assigned_task_is_not_started_while_it_waits(agent: Agent) -> None:
    await make(agent)
    await make(agent, owner=agent.actor, depends_on=[1])

    with pytest.raises(Conflict, match="task 2 waits on task 1: start it when that is done") as refused:
        await agent.call("task_start", task_id=2)
    assert refused.value.state["waits_on"] == [1]
    await ship(agent, 1)
    assert (await agent.call("task_start", task_id=2))["status"] == "in_progress"


async def test_anybody_may_say_that_a_task_need_not_wait(agent: Agent, peer: Agent) -> None:
    await make(agent)
    await make(agent)
    await make(agent, depends_on=[1, 2])

    first = await peer.call("task_resolve", task_id=3, blocker=1)

    assert first == {"task_id": 3, "status": "open"}
    assert (await ledger(agent))[-1]["payload"] == {"task_id": 3, "status": "open", "blocker": 1, "depends_on": [1]}
    assert (await listed(agent, task_id=3))[0]["ready"] is False
    await peer.call("task_resolve", task_id=3)
    assert (await listed(agent, task_id=3))[0]["ready"] is True
    with pytest.raises(NotFound, match="does not wait on task 2"):
        await peer.call("task_resolve", task_id=3, blocker=2)


async def test_blockers_close_no_circle_with_dependencies(agent: Agent) -> None:
    await make(agent, owner=agent.actor)
    await make(agent, depends_on=[1])
    await make(agent, depends_on=[2])
    await agent.call("task_start", task_id=1)

    with pytest.raises(Conflict, match="task 3 waits on task 1 already"):
        await agent.call("task_block", task_id=1, reason="Waiting.", on=3)


async def test_ready_tasks_are_listed_by_lane_owner_and_page(agent: Agent, peer: Agent) -> None:
    for lane, priority in (("a", "low"), ("b", "high"), ("a", "normal"), ("a", "high")):
        await make(agent, lane=lane, priority=priority)
    await make(agent, depends_on=[1], lane="a")
    for depends_on in ([1], None):
        await make(agent, owner=peer.actor, lane="a", depends_on=depends_on)

    async def ids(**filters: Any) -> list[int]:
        return [task["task_id"] for task in await listed(agent, ready=True, **filters)]

    assert await ids() == await ids(status="open") == [4, 3, 2, 1]
    assert await ids(limit=2, before=4) == [3, 2]
    assert await ids(lane="a") == [4, 3, 1]
    assert await ids(owner="codex-1") == await ids(owner="codex-1", lane="a", status="assigned") == [7]
    assert await ids(owner="codex-1", lane="b") == await ids(status="done") == await ids(owner=agent.actor) == []


@pytest.mark.parametrize(
    "wrong",
    [{"depends_on": [0]}, {"depends_on": ["1"]}, {"depends_on": [1] * 51}, {"priority": "urgent"}, {"ref": "r" * 121}],
    ids=str,
)
async def test_wrong_arguments_are_refused(agent: Agent, wrong: dict[str, Any]) -> None:
    await make(agent)

    with pytest.raises(InvalidArguments, match=next(iter(wrong))):
        await make(agent, **wrong)


async def test_a_thousand_tasks_at_most_wait_on_one(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    await make(agent)
    fill = (
        "insert into task_dependencies (project_id, task_id, on_task_id)"
        " select $1, 1 + n, 1 from generate_series(1, 1000) n"
    )
    await operator.execute(fill, project.project_id)

    with pytest.raises(TooMany, match="1000 tasks wait on task 1"):
        await make(agent, depends_on=[1])
