"""Tasks: units of work with one owner, one state, and one winner of every step."""

from __future__ import annotations

from typing import Any

import pytest

from domain.racing import answers, at, head, ledger, refusals, spread, together
from signalbox.db.pool import Database
from signalbox.errors import Conflict, Forbidden, NotFound, Refusal
from support import Agent, Project

STEPS: dict[str, dict[str, Any]] = {
    "task_start": {},
    "task_block": {"reason": "Waiting."},
    "task_ship": {},
}
LEGAL = {
    ("open", "task_assign"): "assigned",
    ("assigned", "task_assign"): "assigned",
    ("assigned", "task_start"): "in_progress",
    ("in_progress", "task_block"): "blocked",
    ("in_progress", "task_ship"): "done",
    ("blocked", "task_block"): "blocked",
    ("blocked", "task_resolve"): "in_progress",
}
WAY = {
    "open": (),
    "assigned": ("task_assign",),
    "in_progress": ("task_assign", "task_start"),
    "blocked": ("task_assign", "task_start", "task_block"),
    "done": ("task_assign", "task_start", "task_ship"),
}


async def step(agent: Agent, tool: str, task_id: int, owner: str) -> dict[str, Any]:
    extra = {"owner": owner} if tool == "task_assign" else STEPS.get(tool, {})
    return await agent.call(tool, task_id=task_id, **extra)


async def started(agent: Agent, owner: Agent | None = None) -> int:
    """A task in progress, of the agent itself when no owner is named."""
    doer = owner or agent
    task_id: int = (await agent.call("task_create", title="Ship it", owner=doer.actor))["task_id"]
    await doer.call("task_start", task_id=task_id)
    return task_id


async def status(agent: Agent, task_id: int) -> str:
    (task,) = (await agent.call("list_tasks", task_id=task_id))["tasks"]
    found: str = task["status"]
    return found


async def test_a_task_is_open_until_it_has_an_owner(agent: Agent, peer: Agent) -> None:
    first = await agent.call("task_create", title="Ship it")
    second = await agent.call("task_create", title="Ship that", owner="codex-1")

    assert first == {"task_id": 1, "status": "open"}
    assert second == {"task_id": 2, "status": "assigned", "owner": peer.actor}


async def test_a_task_for_nobody_known_is_not_made(agent: Agent) -> None:
    with pytest.raises(NotFound, match="no participant 'ghost'"):
        await agent.call("task_create", title="Ship it", owner="ghost")

    assert await agent.call("list_tasks") == {"tasks": []}
    assert (await agent.call("task_create", title="Ship it"))["task_id"] == 1


@pytest.mark.parametrize("tool", ["task_assign", "task_start", "task_block", "task_resolve", "task_ship"])
@pytest.mark.parametrize("state", list(WAY))
async def test_each_step_starts_from_its_states_only(agent: Agent, state: str, tool: str) -> None:
    await agent.call("task_create", title="Ship it")
    for taken in WAY[state]:
        await step(agent, taken, 1, agent.actor)
    before = await head(agent)

    expected = LEGAL.get((state, tool))
    if expected is None and tool != "task_resolve":
        with pytest.raises(Conflict, match=f"task 1 is {state}") as refused:
            await step(agent, tool, 1, agent.actor)
        assert refused.value.state["status"] == state
    else:
        assert (await step(agent, tool, 1, agent.actor))["status"] == (expected or state)

    assert await status(agent, 1) == (expected or state)
    changed = (state, tool) in LEGAL and (state, tool) != ("assigned", "task_assign")
    assert await head(agent) == before + changed


async def test_every_step_names_its_task_in_the_ledger(agent: Agent) -> None:
    for tool in ("task_create", "task_assign", "task_start", "task_block", "task_resolve", "task_ship"):
        if tool == "task_create":
            await agent.call(tool, title="Ship it", lane="backend")
        else:
            await step(agent, tool, 1, agent.actor)

    events = await ledger(agent)
    statuses = [event["payload"]["status"] for event in events if event["payload"].get("task_id") == 1]
    assert statuses == ["open", "assigned", "in_progress", "blocked", "in_progress", "done"]


@pytest.mark.parametrize("tool", list(STEPS))
async def test_only_the_owner_or_a_lead_takes_a_step(agent: Agent, peer: Agent, lead: Agent, tool: str) -> None:
    for task_id in (1, 2):
        await agent.call("task_create", title="Ship it", owner=agent.actor)
        if tool != "task_start":
            await agent.call("task_start", task_id=task_id)

    with pytest.raises(Forbidden, match=f"belongs to {agent.actor}") as refused:
        await step(peer, tool, 1, peer.actor)

    assert refused.value.state["owner"] == agent.actor
    assert (await step(lead, tool, 1, lead.actor))["owner"] == agent.actor
    assert (await step(agent, tool, 2, agent.actor))["owner"] == agent.actor


async def test_an_assigned_task_is_handed_on_by_owner_creator_or_lead(
    project: Project, agent: Agent, peer: Agent, lead: Agent
) -> None:
    stranger = await project.join("stranger")
    await agent.call("task_create", title="Ship it", owner=peer.actor)

    with pytest.raises(Forbidden, match="may hand it on"):
        await stranger.call("task_assign", task_id=1, owner=stranger.actor)

    handed = [
        (await caller.call("task_assign", task_id=1, owner=to.actor))["owner"]
        for caller, to in ((agent, stranger), (stranger, peer), (lead, agent))
    ]
    assert handed == [stranger.actor, peer.actor, agent.actor]


async def test_assigning_to_the_owner_there_is_writes_no_event(agent: Agent) -> None:
    await agent.call("task_create", title="Ship it", owner=agent.actor)
    before = await head(agent)

    await agent.call("task_assign", task_id=1, owner="claude-1")

    assert await head(agent) == before


async def test_a_lost_race_names_the_present_state_and_owner(agent: Agent, lead: Agent) -> None:
    task_id = await started(agent)

    with pytest.raises(Conflict, match="in_progress") as refused:
        await lead.call("task_start", task_id=task_id)
    assert refused.value.state == {"task_id": task_id, "status": "in_progress", "owner": agent.actor}


async def test_of_eight_callers_one_starts_the_task(agent: Agent, lead: Agent, workers: list[Database]) -> None:
    for _ in range(5):
        task_id = (await lead.call("task_create", title="Ship it", owner=agent.actor))["task_id"]
        callers = spread(agent, workers[:4], 4) + spread(lead, workers[4:], 4)

        outcomes = await together([caller.call("task_start", task_id=task_id) for caller in callers])

        assert [answer["status"] for answer in answers(outcomes)] == ["in_progress"]
        assert [type(refused) for refused in refusals(outcomes)] == [Conflict] * 7
        assert len(await ledger(agent, type="task_start")) == task_id


async def test_of_eight_who_take_an_open_task_one_gets_it(project: Project, workers: list[Database]) -> None:
    rivals = [at(worker, await project.join(f"rival-{number}")) for number, worker in enumerate(workers)]
    await rivals[0].call("task_create", title="Ship it")
    creator, *others = rivals

    outcomes = await together([rival.call("task_assign", task_id=1, owner=rival.actor) for rival in others])

    (won,) = answers(outcomes)
    assert [type(refused) for refused in refusals(outcomes)] == [Forbidden] * 6
    assert (await creator.call("list_tasks"))["tasks"][0]["owner"] == won["owner"]


async def test_shipping_and_blocking_at_once_has_one_winner(agent: Agent, workers: list[Database]) -> None:
    for _ in range(10):
        task_id = await started(agent)
        shipping, blocking = at(workers[0], agent), at(workers[1], agent)

        outcomes = await together(
            [
                shipping.call("task_ship", task_id=task_id),
                blocking.call("task_block", task_id=task_id, reason="Waiting."),
            ]
        )

        assert [len(answers(outcomes)), len(refusals(outcomes))] == [1, 1]
        assert await status(agent, task_id) == answers(outcomes)[0]["status"]


async def test_a_task_can_be_read_whole(agent: Agent, peer: Agent) -> None:
    await peer.call("task_create", title="First")
    await agent.call("task_create", title="Ship it", detail="All of it.\nTwice.", lane="backend", owner=agent.actor)
    await agent.call("task_start", task_id=2)
    await agent.call("task_block", task_id=2, reason="Needs the first.", on=1)

    (task,) = (await peer.call("list_tasks", task_id=2))["tasks"]

    (blocker,) = task["blocked_by"]
    assert (task["detail"], task["created_by"], task["blockers"]) == ("All of it.\nTwice.", agent.actor, 1)
    assert (blocker["blocker_id"], blocker["on"], blocker["reason"]) == (1, 1, "Needs the first.")
    assert (blocker["actor"], blocker["created_at"]) == (agent.actor, task["updated_at"])
    assert [event["type"] for event in task["history"]] == ["task_create", "task_start", "task_block"]


async def test_a_listed_task_is_short(agent: Agent) -> None:
    await agent.call("task_create", title="Ship it", detail="All of it.", lane="backend", owner=agent.actor)

    listed = await agent.call("list_tasks")

    assert listed["tasks"] == [
        {
            "task_id": 1,
            "title": "Ship it",
            "lane": "backend",
            "owner": agent.actor,
            "status": "assigned",
            "blockers": 0,
        }
    ]


async def test_tasks_are_filtered_before_the_limit_and_paged(agent: Agent, peer: Agent) -> None:
    for number in range(1, 7):
        await agent.call(
            "task_create", title=f"{number}", lane="backend" if number % 2 else "review", owner=agent.actor
        )
    await agent.call("task_assign", task_id=3, owner=peer.actor)
    await agent.call("task_start", task_id=1)

    async def listed(**filters: Any) -> list[int]:
        return [task["task_id"] for task in (await agent.call("list_tasks", **filters))["tasks"]]

    assert await listed(lane="backend", limit=2) == [5, 3]
    assert await listed(lane="backend", limit=2, before=3) == [1]
    assert await listed(owner="codex-1", limit=1) == [3]
    assert await listed(status="in_progress", limit=1) == [1]
    assert await listed(status="done") == []


@pytest.mark.parametrize("tool", ["task_start", "task_block", "task_resolve", "task_ship", "task_assign"])
async def test_a_task_of_another_project_is_not_there(agent: Agent, other_project: Project, tool: str) -> None:
    stranger = await other_project.join("stranger", lead=True)
    await agent.call("task_create", title="Ship it", owner=agent.actor)

    for refused in (stranger.call("list_tasks", task_id=1), step(stranger, tool, 1, stranger.actor)):
        with pytest.raises(Refusal, match="no task 1") as caught:
            await refused
        assert isinstance(caught.value, NotFound)
