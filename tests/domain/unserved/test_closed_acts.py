"""Acts on what was said in closed lanes: where it goes, who may be named in it, and what it carries into the ledger."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from closed import Closed, closed_scene, say_all
from domain.racing import together
from signalbox.domain.deadlines import keep_deadlines
from signalbox.errors import Conflict, Forbidden, NotFound, Refusal
from support import Agent, Project

MISMATCHED = """
    select e.seq, e.type, e.closed_lane, coalesce(p.closed_lane, t.closed_lane) as of_row
    from events e
    left join posts p on p.project_id = e.project_id and p.post_id = e.post_id
    left join tasks t on t.project_id = e.project_id and t.task_id = e.task_id
    where e.project_id = $1
        and (p.post_id is not null or t.task_id is not null)
        and e.closed_lane is distinct from coalesce(p.closed_lane, t.closed_lane)
    union all
    select d.post_id, 'delivery', d.closed_lane, p.closed_lane
    from deliveries d
    join posts p on p.project_id = d.project_id and p.post_id = d.post_id
    where d.project_id = $1 and d.closed_lane is distinct from p.closed_lane
    union all
    select a.post_id, 'thread', a.closed_lane, p.closed_lane
    from posts p
    join posts a on a.project_id = p.project_id and a.reply_to = p.post_id
    where p.project_id = $1 and a.closed_lane is distinct from p.closed_lane
"""
"""What was written of a post or a task of a closed lane without saying so, or the other way round."""


@pytest.fixture
async def scene(project: Project) -> Closed:
    return await closed_scene(project)


async def test_a_post_to_a_closed_lane_goes_to_it_alone(scene: Closed) -> None:
    for more in ({"to_lanes": ["common"]}, {"to_lanes": ["vault"]}):
        with pytest.raises(Conflict, match="closed lane"):
            await scene.maker.call("post", to_lane=scene.secret, body="b", **more)
    for reroute in ("common", "vault"):
        with pytest.raises(Conflict, match="closed"):
            await scene.maker.call("post", to_lane=scene.secret, body="b", ack_within_seconds=9, reroute=reroute)
    with pytest.raises(Conflict, match="only what was posted to it may go on to it"):
        await scene.maker.call("post", to_lane="common", body="b", ack_within_seconds=9, reroute="vault")


async def test_only_who_is_in_it_is_named_in_a_closed_lane(scene: Closed) -> None:
    for named in ({"to_actor": "outsider"}, {"to_actors": ["member", "outsider"]}):
        with pytest.raises(Conflict, match=r"outsider is not in the closed lane"):
            await scene.maker.call("post", to_lane=scene.secret, body="b", **named)
    with pytest.raises(Conflict, match="outsider is not in the closed lane"):
        await scene.maker.call("task_create", title="t", lane=scene.secret, owner="outsider")
    made = await scene.maker.call("task_create", title="t", lane=scene.secret)
    with pytest.raises(Conflict, match="outsider is not in the closed lane"):
        await scene.maker.call("task_assign", task_id=made["task_id"], owner="outsider")


async def test_an_answer_is_given_where_the_question_was_heard(scene: Closed) -> None:
    inside = (await scene.maker.call("post", to_lane="vault", body="b"))["post_id"]
    answered = await scene.member.call("post", reply_to=inside, body="to its author")
    with pytest.raises(Conflict, match="was said in the closed lane 'vault': answer it there"):
        await scene.member.call("post", reply_to=inside, to_lane="common", body="b")
    with pytest.raises(Conflict, match="was said in the closed lane 'vault': answer it there"):
        await scene.member.call("post", reply_to=inside, to_lane=scene.secret, body="b")
    with pytest.raises(Conflict, match="post 1 is open to the project and lane 'vault' is not"):
        await scene.member.call("post", reply_to=1, to_lane="vault", body="b")
    for number in (inside, answered["post_id"]):
        with pytest.raises(NotFound, match=f"no post {number} in this project"):
            await scene.outsider.call("post", reply_to=number, body="b")
        with pytest.raises(NotFound, match=f"no post {number} in this project"):
            await scene.outsider.call("ack", post_id=number)


async def test_what_is_open_never_waits_on_a_task_that_not_all_see(scene: Closed) -> None:
    inside = (await scene.maker.call("task_create", title="t", lane="vault"))["task_id"]
    await scene.maker.call("task_create", title="t", owner="maker")
    await scene.maker.call("task_start", task_id=inside + 1)
    for refused in (
        scene.maker.call("task_create", title="t", depends_on=[inside]),
        scene.maker.call("task_create", title="t", depends_on=[inside], lane=scene.secret),
        scene.maker.call("task_block", task_id=inside + 1, reason="r", on=inside),
    ):
        with pytest.raises(Conflict, match=f"task {inside} belongs to the closed lane 'vault'"):
            await refused


async def test_a_closed_task_goes_on_when_what_it_waits_on_is_done_by_somebody_outside(scene: Closed) -> None:
    await scene.outsider.call("task_assign", task_id=1, owner="outsider")
    await scene.outsider.call("task_start", task_id=1)
    waiting = await scene.maker.call("task_create", title="t", lane="vault", owner="maker")
    await scene.maker.call("task_start", task_id=waiting["task_id"])
    await scene.maker.call("task_block", task_id=waiting["task_id"], reason="r", on=1)
    later = await scene.maker.call("task_create", title="t", lane="vault", depends_on=[1])
    shipped = await scene.outsider.call("task_ship", task_id=1)
    told = [event["type"] for event in (await scene.outsider.call("query_events", after=0, limit=200))["events"][-2:]]
    tasks = {task["task_id"]: task for task in (await scene.maker.call("list_tasks", lane="vault"))["tasks"]}

    assert shipped == {"task_id": 1, "status": "done", "owner": scene.outsider.actor}
    assert told[-1] == "task_ship"
    assert tasks[waiting["task_id"]]["status"] == "in_progress"
    assert (await scene.maker.call("list_tasks", task_id=later["task_id"]))["tasks"][0]["ready"] is True


async def test_one_ack_of_posts_from_several_lanes_is_an_event_in_each(scene: Closed) -> None:
    for lane in ("common", *scene.lanes):
        await scene.maker.call("post", to_lane=lane, body="b")
    acked = await scene.member.call("ack", through_id=100)
    inside = await scene.maker.call("query_events", type="ack", after=0)
    outside = await scene.outsider.call("query_events", type="ack", after=0)

    assert acked["post_ids"] == [1, 2, 3, 4]
    assert [event["payload"].get("closed_lane") for event in inside["events"]] == [None, scene.secret, "vault"]
    assert [event["payload"] for event in outside["events"]] == [{"outcome": "done", "post_ids": [1, 2]}]


async def test_a_deadline_in_a_closed_lane_is_kept_and_told_there(
    scene: Closed, operator: asyncpg.Connection[Any]
) -> None:
    for lane in scene.lanes:
        await scene.maker.call(
            "post", to_lane=lane, to_actor="member", body="b", ack_within_seconds=60, expires_in_seconds=120
        )
    for past in ("deadlines", "agendas"):
        column = "at" if past == "deadlines" else "next_at"
        await operator.execute(
            f"update {past} set {column} = {column} - interval '1 hour' where project_id = $1", scene.project.project_id
        )
    await operator.execute(
        "update posts set due_at = due_at - interval '1 hour' where project_id = $1", scene.project.project_id
    )
    await keep_deadlines(scene.project.database)
    ends = ("overdue", "expire")
    inside = [e["payload"] for kind in ends for e in (await scene.member.call("query_events", type=kind))["events"]]
    outside = [e for kind in ends for e in (await scene.outsider.call("query_events", type=kind))["events"]]

    assert sorted(payload["closed_lane"] for payload in inside) == sorted([*scene.lanes, *scene.lanes])
    assert outside == []


async def test_whatever_names_what_was_said_there_says_so(scene: Closed, operator: asyncpg.Connection[Any]) -> None:
    for lane in scene.lanes:
        await say_all(scene, lane)
    await scene.maker.call("configure_lane", lane="vault", access="open")
    await scene.outsider.call("join_lane", lane="vault")
    await scene.member.call("ack", through_id=1000)
    await scene.outsider.call("ack", through_id=1000)
    await scene.maker.call("configure_lane", lane=scene.secret, remove=["member"])

    assert await operator.fetch(MISMATCHED, scene.project.project_id) == []


async def test_acts_that_travel_together_see_no_lane_of_their_neighbours(scene: Closed) -> None:
    """All in one queue of one worker, insiders and others in turn: many of them share a transaction."""
    inside = (await scene.maker.call("post", to_lane=scene.secret, body="b"))["post_id"]
    task = (await scene.maker.call("task_create", title="t", lane=scene.secret))["task_id"]

    def tried(who: Agent) -> list[Any]:
        return [
            who.call("post", to_lane=scene.secret, body="b"),
            who.call("ack", post_id=inside),
            who.call("post", reply_to=inside, body="b"),
            who.call("post", to_lane="vault", body="b"),
            who.call("task_note", task_id=task, note="n"),
        ]

    in_turn = zip(tried(scene.member), tried(scene.outsider), strict=True)
    outcomes = await together([call for pair in in_turn for call in pair])
    mine, theirs = outcomes[::2], outcomes[1::2]

    assert [outcome for outcome in mine if isinstance(outcome, Refusal)] == []
    assert [type(outcome) for outcome in theirs] == [NotFound, NotFound, NotFound, Forbidden, NotFound]
