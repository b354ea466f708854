"""Names that change while others act: one winner, no circle, and no post that is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from domain.racing import answers, at, ledger, refusals, spread, together
from domain.test_presence import unread
from domain.test_projects import owner_of
from signalbox.db.pool import Database
from signalbox.domain import owners
from signalbox.errors import Conflict, Unavailable
from support import Agent, Project


async def test_of_several_who_want_one_name_at_once_one_gets_it(project: Project, workers: list[Database]) -> None:
    agents = [await project.join(f"claude-{number}") for number in range(6)]
    renamings = [at(worker, one).call("rename", label="best") for one, worker in zip(agents, workers, strict=False)]
    lead = await project.join("lead", lead=True)
    newcomer = at(workers[6], lead).call("admin_provision", participant_name="best")

    outcomes = await together([*renamings, newcomer])

    assert len(answers(outcomes)) == 1
    assert {type(refused) for refused in refusals(outcomes)} <= {Conflict}


async def test_two_cannot_swap_their_names(agent: Agent, peer: Agent, workers: list[Database]) -> None:
    outcomes = await together(
        [at(workers[0], agent).call("rename", label="codex-1"), at(workers[1], peer).call("rename", label="claude-1")]
    )

    assert {type(outcome) for outcome in outcomes} == {Conflict}


async def test_renamings_across_projects_wait_in_no_circle(
    database: Database, project: Project, workers: list[Database]
) -> None:
    owner = await owner_of(database, project)
    places = [project] + [
        Project(database, await owners.in_project(database, owner, name)) for name in ("second", "third")
    ]
    names = ("a", "b", "c")
    by_place = [[await place.join(name) for name in names] for place in places]

    outcomes = await together(
        [
            at(workers[3 * there + who], by_place[there][who]).call("rename", label=f"{name}-{there}")
            for there in range(2)
            for who, name in enumerate(names)
        ]
        + [at(workers[6], by_place[2][who]).call("claim", sequence="adr") for who in range(3)]
    )

    assert refusals(outcomes) == []
    for place in by_place:
        assert len(await ledger(place[0], type="rename")) == 6


async def test_in_each_ledger_the_event_stands_between_the_old_name_and_the_new(
    agent: Agent, peer: Agent, workers: list[Database]
) -> None:
    """Acts, and posts to the old name, while it changes: each is delivered."""
    calls = [caller.call("claim", sequence="adr") for caller in spread(agent, workers, 12)]
    posts = [caller.call("post", to_actor="claude-1", body="Look.") for caller in spread(peer, workers, 12)]

    outcomes = await together([*calls, *posts, at(workers[0], agent).call("rename", label="cache-1")])

    assert refusals(outcomes) == []
    assert len(await unread(agent)) == 12
    mine = await ledger(agent, actor="cache-1")
    (renamed,) = [event["id"] for event in mine if event["type"] == "rename"]
    assert {event["actor"] for event in mine if event["id"] <= renamed} == {agent.actor}
    assert {event["actor"].partition("/")[2] for event in mine if event["id"] > renamed} <= {"cache-1"}


async def test_a_project_that_is_held_up_holds_up_no_other_for_long(
    database: Database, project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    second = Project(database, await owners.in_project(database, await owner_of(database, project), "second"))
    await second.join("claude-1")
    async with operator.transaction():
        await operator.execute("select from ledgers where project_id = $1 for update", second.project_id)
        with pytest.raises(Unavailable):
            await asyncio.wait_for(agent.call("rename", label="cache-1"), 10)

    assert (await agent.call("whoami"))["actor"] == agent.actor
