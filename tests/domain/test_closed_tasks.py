"""Tasks of closed lanes: taken and told of by insiders alone, wherever what they wait on is done."""

from __future__ import annotations

import json
from typing import Any

import pytest

from closed import Closed, closed_scene, events_of
from domain.test_next_tasks import make, taken, whole
from signalbox.errors import Conflict, Forbidden, NotFound, Refusal
from support import Project


@pytest.fixture
async def scene(project: Project) -> Closed:
    """Closed lanes, with an open task of the outsider's that is done and out of the way."""
    made = await closed_scene(project)
    await made.outsider.call("task_cancel", task_id=1)
    return made


async def heard_by_outsider(scene: Closed) -> str:
    everything = [
        await scene.outsider.call("query_events", after=0, limit=500),
        await scene.outsider.call("list_tasks", limit=200),
        await scene.outsider.call("list_tasks", ready=True),
        await scene.outsider.call("task_next"),
    ]
    return json.dumps(everything)


@pytest.mark.parametrize("kind", ["secret", "private"])
async def test_the_next_task_of_a_closed_lane_goes_to_insiders(scene: Closed, kind: str) -> None:
    lane = getattr(scene, kind)
    await make(scene.maker, lane=lane, priority="low")
    mine = await make(scene.maker, lane=lane, priority="high")
    open_one = await make(scene.outsider)

    assert [task["task_id"] for task in (await scene.outsider.call("list_tasks", ready=True))["tasks"]] == [open_one]
    assert [task["task_id"] for task in (await scene.member.call("list_tasks", ready=True))["tasks"]] == [4, 3, 2]
    assert [await taken(scene.outsider) for _ in range(2)] == [open_one, None]
    assert await taken(scene.member, lane=lane) == mine
    assert await taken(scene.member) == 2
    refusal = NotFound if kind == "secret" else Forbidden
    with pytest.raises(refusal):
        await taken(scene.outsider, lane=lane)


async def test_a_task_of_a_closed_lane_is_had_by_insiders_only(scene: Closed) -> None:
    for call in (
        make(scene.maker, lane=scene.secret, owner="outsider"),
        scene.maker.call("task_assign", task_id=await make(scene.maker, lane=scene.secret), owner="outsider"),
    ):
        with pytest.raises(Conflict, match="is not in the closed lane"):
            await call

    assert (await make(scene.maker, lane=scene.secret, owner="member")) == 3


async def test_nobody_depends_on_what_they_do_not_see(scene: Closed) -> None:
    hidden = await make(scene.maker, lane=scene.secret)
    told = []
    for depends_on in ([hidden], [99]):
        with pytest.raises(NotFound) as refused:
            await make(scene.outsider, depends_on=depends_on)
        told.append(refused.value.message.replace(str(depends_on[0]), "N"))

    assert told[0] == told[1]


@pytest.mark.parametrize("end", ["task_ship", "task_cancel"])
async def test_an_outsider_ends_what_a_closed_lane_waits_for_and_hears_nothing_of_it(scene: Closed, end: str) -> None:
    open_one = await make(scene.outsider)
    hidden = await make(scene.maker, lane=scene.secret, depends_on=[open_one])
    blocked = await make(scene.maker, lane=scene.secret, owner="member")
    await scene.member.call("task_start", task_id=blocked)
    await scene.member.call("task_block", task_id=blocked, reason="Waiting.", on=open_one)
    assert await taken(scene.outsider) == open_one

    await scene.outsider.call(end, task_id=open_one)

    assert (await whole(scene.member, blocked))["status"] == "in_progress"
    assert await taken(scene.member) == hidden
    (ended,) = [
        payload for kind, payload in await events_of(scene.outsider, type=end) if payload["task_id"] == open_one
    ]
    assert "ready" not in ended
    assert "task_resolve" not in await heard_by_outsider(scene)
    resolved = (await events_of(scene.member, type="task_resolve"))[0][1]
    assert (resolved["task_id"], resolved["closed_lane"]) == (blocked, scene.secret)


async def test_what_is_open_to_all_waits_for_nothing_that_is_not(scene: Closed) -> None:
    hidden = await make(scene.maker, lane=scene.secret)

    with pytest.raises(Conflict, match="only a task of that lane waits on it"):
        await make(scene.maker, depends_on=[hidden])
    assert await make(scene.maker, depends_on=[hidden], lane=scene.secret) == 3


async def test_steps_in_a_closed_lane_are_told_there_alone(scene: Closed) -> None:
    hidden = await make(scene.maker, lane=scene.secret, ref="PR-1", priority="high")
    for tool, more in (
        ("task_next", {}),
        ("task_note", {"note": "Mind the cache."}),
        ("task_release", {"note": "Half done."}),
    ):
        await scene.member.call(tool, **({"task_id": hidden} if tool != "task_next" else {}), **more)
    await scene.maker.call("task_cancel", task_id=hidden, reason="Too late.")

    kinds = [kind for kind, payload in await events_of(scene.maker) if payload.get("task_id") == hidden]
    assert kinds == ["task_create", "task_start", "task_note", "task_release", "task_cancel"]
    heard = await heard_by_outsider(scene)
    assert [mark for mark in ("Mind the cache", "Half done", "Too late", "PR-1", scene.secret) if mark in heard] == []
    for tool, more in (("task_note", {"note": "x"}), ("task_release", {}), ("task_cancel", {})):
        with pytest.raises(Refusal, match=f"no task {hidden} in this project"):
            await scene.outsider.call(tool, task_id=hidden, **more)


async def test_tasks_of_who_leaves_a_closed_lane_are_open_there_again(scene: Closed) -> None:
    hidden = await make(scene.maker, lane=scene.secret, owner="member")
    open_one = await make(scene.maker, owner="member")

    await scene.member.call("leave_lane", lane=scene.secret)

    assert (await whole(scene.maker, hidden))["status"] == "open"
    assert (await whole(scene.maker, open_one))["status"] == "assigned"
    payload: dict[str, Any] = (await events_of(scene.maker, type="task_release"))[0][1]
    assert (payload["from"], payload["closed_lane"]) == (scene.member.actor, scene.secret)
    assert await events_of(scene.outsider, type="task_release") == []
