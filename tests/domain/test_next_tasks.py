"""Tasks in turn: what is ready goes to exactly one, the most urgent first; what is given back or up moves on."""

from __future__ import annotations

from typing import Any

import pytest

from domain.racing import answers, at, head, ledger, refusals, spread, together
from signalbox.db.pool import Database
from signalbox.errors import Conflict, Forbidden, InvalidArguments, NotFound
from support import Agent, Project

ROUNDS = 5


async def make(agent: Agent, **more: Any) -> int:
    task_id: int = (await agent.call("task_create", title="Ship it", **more))["task_id"]
    return task_id


async def whole(agent: Agent, task_id: int) -> dict[str, Any]:
    (task,) = (await agent.call("list_tasks", task_id=task_id))["tasks"]
    found: dict[str, Any] = task
    return found


async def taken(agent: Agent, **more: Any) -> int | None:
    answer = await agent.call("task_next", **more)
    return answer["task"]["task_id"] if "task" in answer else None


async def test_the_next_task_is_taken_started_and_answered_whole(agent: Agent, peer: Agent) -> None:
    done = await make(peer, owner=peer.actor)
    await peer.call("task_start", task_id=done)
    await peer.call("task_ship", task_id=done)
    await make(peer, detail="All of it.\nTwice.", lane="backend", priority="high", ref="PR-1", depends_on=[done])
    await peer.call("task_note", task_id=2, note="Mind the cache.")

    task = (await agent.call("task_next"))["task"]

    assert (task["task_id"], task["status"], task["owner"]) == (2, "in_progress", agent.actor)
    assert (task["detail"], task["lane"], task["created_by"]) == ("All of it.\nTwice.", "backend", peer.actor)
    assert (task["priority"], task["ref"], task["depends_on"], task["blockers"]) == ("high", "PR-1", [done], 0)
    assert [(one["task_id"], one["status"]) for one in task["dependencies"]] == [(done, "done")]
    assert [(note["actor"], note["note"]) for note in task["notes"]] == [(peer.actor, "Mind the cache.")]
    (event,) = (await ledger(agent))[-1:]
    assert (event["type"], event["actor"]) == ("task_start", agent.actor)
    assert event["payload"] == {"task_id": 2, "status": "in_progress", "owner": agent.actor}


async def test_the_most_urgent_comes_first_then_the_oldest(agent: Agent, peer: Agent) -> None:
    for priority in ("low", "normal", "high", "normal", "high"):
        await make(peer, priority=priority)
    await make(peer, priority="high", owner=agent.actor)
    await make(peer, priority="high", owner=peer.actor)

    assert [await taken(agent) for _ in range(6)] == [3, 5, 6, 2, 4, 1]
    assert await taken(agent) is None


async def test_of_one_lane_only_its_tasks_are_taken(agent: Agent, peer: Agent) -> None:
    await make(peer, priority="high")
    await make(peer, lane="backend", priority="low")
    await make(peer, lane="backend", owner=agent.actor)
    await make(peer, lane="review", owner=agent.actor)

    assert [await taken(agent, lane="backend") for _ in range(3)] == [3, 2, None]


async def test_what_waits_is_not_taken_until_all_it_depends_on_is_done(agent: Agent, peer: Agent) -> None:
    first, second = [await make(peer, owner=peer.actor) for _ in range(2)]
    await make(peer, depends_on=[first, second, first])
    for task_id in (first, second):
        assert await taken(agent) is None
        await peer.call("task_start", task_id=task_id)
        await peer.call("task_ship", task_id=task_id)

    shipped = await ledger(agent, type="task_ship")
    assert [event["payload"].get("ready") for event in shipped] == [None, [3]]
    assert await taken(agent) == 3


async def test_where_nothing_is_ready_it_is_said_what_holds_up(agent: Agent, peer: Agent) -> None:
    assert await agent.call("task_next", idempotency_key="k") == {"waiting": 0, "waits_on": []}
    first, second = [await make(peer, owner=peer.actor) for _ in range(2)]
    for depends_on in ([first, second], [second]):
        await make(agent, depends_on=depends_on)
    before = await head(agent)

    answer = await agent.call("task_next", idempotency_key="k")

    assert answer["waiting"] == 2
    assert [(one["task_id"], one["holds_up"]) for one in answer["waits_on"]] == [(second, 2), (first, 1)]
    assert answer["waits_on"][0]["owner"] == peer.actor
    assert await head(agent) == before


async def test_a_repeated_key_answers_the_task_that_was_taken(agent: Agent, peer: Agent) -> None:
    await make(peer)
    await make(peer)

    first = await agent.call("task_next", idempotency_key="k")

    assert await agent.call("task_next", idempotency_key="k") == first
    assert (await whole(agent, 2))["status"] == "open"


async def test_of_eight_who_ask_at_once_each_task_has_one_winner(project: Project, workers: list[Database]) -> None:
    rivals = [at(worker, await project.join(f"rival-{number}")) for number, worker in enumerate(workers)]
    for number in range(ROUNDS):
        await make(rivals[0])

        outcomes = await together([rival.call("task_next") for rival in rivals])

        won = [answer["task"] for answer in outcomes if "task" in answer]
        assert [task["task_id"] for task in won] == [number + 1]
        assert [answer for answer in outcomes if "task" not in answer] == [{"waiting": 0, "waits_on": []}] * 7
        assert (await whole(rivals[0], number + 1))["owner"] == won[0]["owner"]


async def test_taking_and_cancelling_at_once_leave_one_truth(
    agent: Agent, lead: Agent, workers: list[Database]
) -> None:
    for _ in range(ROUNDS):
        task_id = await make(lead)
        taking, cancelling = at(workers[0], agent), at(workers[1], lead)

        outcomes = await together([taking.call("task_next"), cancelling.call("task_cancel", task_id=task_id)])

        assert refusals(outcomes) == []
        assert (await whole(agent, task_id))["status"] == "cancelled"
        steps = [event["type"] for event in (await whole(agent, task_id))["history"]]
        assert ("task_start" in steps) == ("task" in outcomes[0])


async def test_giving_back_and_shipping_at_once_has_one_winner(agent: Agent, workers: list[Database]) -> None:
    for _ in range(ROUNDS):
        task_id = await make(agent)
        assert await taken(agent) == task_id
        one, other = spread(agent, workers, 2)

        outcomes = await together([one.call("task_release", task_id=task_id), other.call("task_ship", task_id=task_id)])

        (won,) = answers(outcomes)
        assert [type(refused) for refused in refusals(outcomes)] == [Conflict]
        assert (await whole(agent, task_id))["status"] == won["status"]
        if won["status"] == "open":
            await agent.call("task_cancel", task_id=task_id)


@pytest.mark.parametrize("state", ["assigned", "in_progress", "blocked"])
async def test_a_task_is_given_back_by_its_owner_or_a_lead(agent: Agent, peer: Agent, lead: Agent, state: str) -> None:
    for task_id in (1, 2):
        await make(agent, owner=agent.actor)
        if state != "assigned":
            await agent.call("task_start", task_id=task_id)
        if state == "blocked":
            await agent.call("task_block", task_id=task_id, reason="Waiting.")

    with pytest.raises(Forbidden, match=f"belongs to {agent.actor}"):
        await peer.call("task_release", task_id=1)
    given = [await caller.call("task_release", task_id=id_) for id_, caller in ((1, agent), (2, lead))]

    assert given == [{"task_id": 1, "status": "open"}, {"task_id": 2, "status": "open"}]
    assert "owner" not in await whole(agent, 1)
    events = await ledger(agent, type="task_release")
    assert [event["payload"] for event in events] == [
        {"task_id": task_id, "status": "open", "from": agent.actor} for task_id in (1, 2)
    ]


async def test_what_is_given_back_goes_to_the_next_with_its_notes(agent: Agent, peer: Agent) -> None:
    await make(agent)
    await taken(agent)
    await agent.call("task_note", task_id=1, note="The parser is done.")
    await agent.call("task_release", task_id=1, note="The queue is left.\nSee branch x.")

    task = (await peer.call("task_next"))["task"]

    assert [note["note"] for note in task["notes"]] == ["The parser is done.", "The queue is left.\nSee branch x."]
    assert task["notes"][0]["at"] <= task["notes"][1]["at"] <= task["updated_at"]


async def test_what_was_blocked_waits_on_when_it_is_given_back(agent: Agent, peer: Agent) -> None:
    await make(agent)
    await taken(agent)
    await agent.call("task_block", task_id=1, reason="Needs a key.")
    await agent.call("task_release", task_id=1)
    assert await taken(peer) is None
    await peer.call("task_assign", task_id=1, owner=peer.actor)
    with pytest.raises(Conflict, match="task 1 waits: start it when that is done"):
        await peer.call("task_start", task_id=1)

    assert (await agent.call("task_resolve", task_id=1))["status"] == "assigned"
    assert await taken(peer) == 1


@pytest.mark.parametrize("tool", ["task_release", "task_cancel"])
@pytest.mark.parametrize("end", ["task_ship", "task_cancel"])
async def test_what_has_ended_is_neither_given_back_nor_up(agent: Agent, tool: str, end: str) -> None:
    await make(agent)
    await taken(agent)
    ended = await agent.call(end, task_id=1)

    with pytest.raises(Conflict, match=f"task 1 is {ended['status']}") as refused:
        await agent.call(tool, task_id=1)
    assert refused.value.state == {"task_id": 1, "status": ended["status"], "owner": agent.actor}


async def test_a_task_is_given_up_by_its_creator_its_owner_or_a_lead(
    project: Project, agent: Agent, peer: Agent, lead: Agent
) -> None:
    stranger = await project.join("stranger")
    for _ in range(3):
        await make(agent, owner=peer.actor)
    with pytest.raises(Forbidden, match=f"made by {agent.actor}"):
        await stranger.call("task_cancel", task_id=1)

    ended = [
        await caller.call("task_cancel", task_id=task_id, reason="Nobody needs it.")
        for task_id, caller in enumerate((agent, peer, lead), start=1)
    ]

    assert [answer["status"] for answer in ended] == ["cancelled"] * 3
    assert (await ledger(agent))[-1]["payload"]["reason"] == "Nobody needs it."
    assert [task["status"] for task in (await agent.call("list_tasks", status="cancelled"))["tasks"]] == [
        "cancelled"
    ] * 3


async def test_what_waited_on_a_task_that_is_given_up_goes_on(agent: Agent, peer: Agent) -> None:
    await make(agent)
    await make(agent, depends_on=[1])
    blocked = await make(peer, owner=peer.actor)
    await peer.call("task_start", task_id=blocked)
    await peer.call("task_block", task_id=blocked, reason="Needs it.", on=1)

    await agent.call("task_cancel", task_id=1)

    assert [event["payload"]["status"] for event in (await ledger(agent))[-2:]] == ["cancelled", "in_progress"]
    assert (await ledger(agent, type="task_cancel"))[0]["payload"]["ready"] == [2]
    task = (await agent.call("task_next"))["task"]
    assert [(one["task_id"], one["status"]) for one in task["dependencies"]] == [(1, "cancelled")]


async def test_what_is_given_up_waits_on_nothing_any_more(agent: Agent) -> None:
    for _ in range(2):
        await make(agent)
        await taken(agent)
    await make(agent, depends_on=[1])
    await agent.call("task_block", task_id=2, reason="Waiting.", on=1)
    for task_id in (2, 3):
        await agent.call("task_cancel", task_id=task_id)
    before = await head(agent)

    await agent.call("task_ship", task_id=1)

    assert await head(agent) == before + 1
    assert (await whole(agent, 2))["blockers"] == 0
    assert "ready" not in (await ledger(agent))[-1]["payload"]


async def test_anybody_notes_what_is_to_be_known_of_a_task(agent: Agent, peer: Agent) -> None:
    await make(agent, owner=agent.actor)
    before = await whole(agent, 1)

    noted = await peer.call("task_note", task_id=1, note="It fails on Mondays.\nOnly.")

    assert noted == {"task_id": 1, "status": "assigned", "owner": agent.actor}
    after = await whole(agent, 1)
    assert after["history"][-1]["payload"] == {"task_id": 1, "note": "It fails on Mondays.\nOnly."}
    assert after["updated_at"] == before["updated_at"]


@pytest.mark.parametrize("tool", ["task_release", "task_cancel", "task_note"])
async def test_a_task_of_another_project_is_not_there(agent: Agent, other_project: Project, tool: str) -> None:
    stranger = await other_project.join("stranger", lead=True)
    await make(agent)

    with pytest.raises(NotFound, match="no task 1"):
        await stranger.call(tool, task_id=1, **({"note": "Hello."} if tool == "task_note" else {}))
    assert await taken(stranger) is None


@pytest.mark.parametrize("note", ["", "x" * 1001, "a\0b"])
async def test_a_note_is_short(agent: Agent, note: str) -> None:
    await make(agent)

    with pytest.raises(InvalidArguments, match="note"):
        await agent.call("task_note", task_id=1, note=note)
