"""Circles of waiting: through leases and tasks, found when they would close, with the way out."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from domain.racing import answers, at, head, refusals, together
from domain.test_tasks import started
from signalbox.db.pool import Database
from signalbox.errors import Conflict
from support import Agent, Project

ROUNDS = 5


@pytest.fixture
async def ring(project: Project) -> list[Agent]:
    """Three who hold a surface each, of which the second ends first."""
    members = [await project.join(name) for name in ("ada", "bob", "cyd")]
    for number, member in enumerate(members):
        await member.call("lease", surface=f"s{number}", ttl_seconds=60 if number == 1 else 600)
    return members


async def queue(agent: Agent, surface: str, **more: Any) -> dict[str, Any]:
    return await agent.call("lease", surface=surface, queue=True, **more)


async def block(agent: Agent, task_id: int, on: int) -> dict[str, Any]:
    return await agent.call("task_block", task_id=task_id, reason="Waiting.", on=on)


async def test_two_who_wait_for_each_other_s_surfaces_are_refused(ring: list[Agent]) -> None:
    ada, bob, _ = ring
    await queue(ada, "s1")
    before = await head(ada)

    with pytest.raises(Conflict, match="waiting for 's0' would never end") as refused:
        await queue(bob, "s0")

    said = refused.value
    assert f"{bob.actor} waits for 's0' of {ada.actor}, {ada.actor} waits for 's1' of {bob.actor}." in said.message
    assert f"Cheapest way out: {bob.actor} releases 's1'" in said.message
    assert [step["waits_for"] for step in said.state["circle"]] == ["s0", "s1"]
    way_out = said.state["way_out"]
    assert (way_out["actor"], way_out["release"], way_out["lease_id"]) == (bob.actor, "s1", 2)
    assert await head(ada) == before
    await bob.call("release", surface="s1")
    assert (await queue(bob, "s0"))["queued"] == 1


async def test_three_who_wait_for_each_other_s_surfaces_are_refused(ring: list[Agent]) -> None:
    ada, bob, cyd = ring
    await queue(ada, "s1")
    await queue(bob, "s2")

    with pytest.raises(Conflict, match="would never end") as refused:
        await queue(cyd, "s0")

    assert [step["held_by"] for step in refused.value.state["circle"]] == [ada.actor, bob.actor, cyd.actor]
    assert refused.value.state["way_out"]["release"] == "s1"


async def test_the_lease_for_which_fewest_wait_costs_least(project: Project, ring: list[Agent]) -> None:
    ada, bob, _ = ring
    await queue(ada, "s1")
    await queue(await project.join("dan"), "s1")

    with pytest.raises(Conflict) as refused:
        await queue(bob, "s0")

    assert refused.value.state["way_out"]["release"] == "s0", "nobody but bob waits for it, though it ends later"


async def test_holding_it_together_two_who_each_wait_to_hold_it_alone_are_refused(agent: Agent, peer: Agent) -> None:
    for one in (agent, peer):
        await one.call("lease", surface="s", mode="shared")
    await queue(agent, "s", mode="exclusive")

    with pytest.raises(Conflict, match="would never end"):
        await queue(peer, "s", mode="exclusive")


@pytest.mark.usefixtures("ring")
async def test_standing_in_two_lines_the_other_way_round_is_refused(project: Project) -> None:
    first, second = [await project.join(name) for name in ("first", "second")]
    await queue(first, "s0")
    await queue(second, "s1")
    await queue(first, "s1")

    with pytest.raises(Conflict, match="waits for 's0' behind") as refused:
        await queue(second, "s0")

    assert refused.value.state["way_out"] == {"actor": second.actor, "leave": "s0"}


async def test_one_who_waits_for_a_task_of_who_waits_for_its_lease_is_refused(agent: Agent, peer: Agent) -> None:
    mine, theirs = await started(agent), await started(peer)
    await agent.call("lease", surface="s")
    await block(agent, mine, on=theirs)

    with pytest.raises(Conflict, match="would never end") as refused:
        await queue(peer, "s")

    assert f"task {mine} of {agent.actor} waits on task {theirs}" in refused.value.message
    assert refused.value.state["way_out"]["release"] == "s"


async def test_blocking_on_a_task_of_who_waits_for_one_s_lease_is_refused(agent: Agent, peer: Agent) -> None:
    mine, theirs = await started(agent), await started(peer)
    await agent.call("lease", surface="s")
    await queue(peer, "s")

    with pytest.raises(Conflict, match=f"blocking task {mine} on task {theirs} would never end"):
        await block(agent, mine, on=theirs)

    (task,) = (await agent.call("list_tasks", task_id=mine))["tasks"]
    assert (task["status"], task["blockers"]) == ("in_progress", 0)


async def test_three_wait_through_a_task_that_depends_on_another(ring: list[Agent]) -> None:
    ada, bob, cyd = ring
    hers = await started(cyd)
    made = await ada.call("task_create", title="Then that", depends_on=[hers])
    his = await started(bob)
    await block(bob, his, on=made["task_id"])
    await queue(cyd, "s0")

    with pytest.raises(Conflict, match=f"task {made['task_id']} waits on task {hers}") as refused:
        await queue(ada, "s1")

    assert [min(step) for step in refused.value.state["circle"]] == ["actor"] * 2 + ["on", "owner", "actor"]


async def test_who_has_other_work_under_way_waits_for_no_task(agent: Agent, peer: Agent) -> None:
    mine, theirs = await started(agent), await started(peer)
    await started(agent)
    await agent.call("lease", surface="s")
    await block(agent, mine, on=theirs)

    assert (await queue(peer, "s"))["queued"] == 1


async def test_two_who_block_on_each_other_s_tasks_can_do_one_first(agent: Agent, peer: Agent) -> None:
    blocked = {one.actor: await started(one) for one in (agent, peer)}
    first = {
        one.actor: (await one.call("task_create", title="First", owner=one.actor))["task_id"] for one in (agent, peer)
    }
    await block(agent, blocked[agent.actor], on=first[peer.actor])

    assert (await block(peer, blocked[peer.actor], on=first[agent.actor]))["status"] == "blocked"


async def test_a_way_round_that_is_no_circle_is_fine(ring: list[Agent]) -> None:
    ada, bob, cyd = ring

    places = [await queue(bob, "s2"), await queue(ada, "s2"), await queue(ada, "s1")]

    assert [answer["queued"] for answer in places] == [1, 2, 1]
    assert "lease_id" in await queue(cyd, "s3")


async def test_who_fell_silent_closes_no_circle(ring: list[Agent], operator: asyncpg.Connection[Any]) -> None:
    ada, bob, _ = ring
    await queue(ada, "s1")
    await operator.execute(
        "update lease_waiters set waits_until = waits_until - interval '2 minutes' where actor = $1", ada.actor
    )

    assert (await queue(bob, "s0"))["queued"] == 1


async def test_of_three_who_close_a_circle_at_once_one_is_refused(ring: list[Agent], workers: list[Database]) -> None:
    for number in range(ROUNDS):
        calls = [
            queue(at(workers[place], member), f"s{(place + 1) % 3}", note=f"round {number}")
            for place, member in enumerate(ring)
        ]

        outcomes = await together(calls)

        assert [len(answers(outcomes)), [type(refused) for refused in refusals(outcomes)]] == [2, [Conflict]]
        for place, member in enumerate(ring):
            await member.call("release", surface=f"s{(place + 1) % 3}")


async def test_a_project_full_of_waiters_is_looked_through_in_bounds(
    project: Project, agent: Agent, peer: Agent, operator: asyncpg.Connection[Any]
) -> None:
    """A chain of 400 who each wait for the next: no circle, and none is looked for beyond 16 steps."""
    await agent.call("lease", surface="c0")
    await queue(peer, "c0")
    fill = """
        insert into leases (project_id, lease_id, surface, fixed, is_glob, participation_id, actor, fence, granted_at,
            expires_at)
        select $1, 1000 + n, 'c' || n, 'c' || n, false, 1000000 + n, 'a' || n, n, now(), now() + interval '1 hour'
        from generate_series(1, 400) n
    """
    line = """
        insert into lease_waiters (project_id, participation_id, surface, fixed, mode, place, actor, queued_at,
            waits_until)
        select $1, 1000000 + n, 'c' || n + 1, 'c' || n + 1, 'exclusive', 1000 + n, 'a' || n, now(),
            now() + interval '1 hour'
        from generate_series(1, 399) n
    """
    for statement in (fill, line):
        await operator.execute(statement, project.project_id)

    assert (await queue(agent, "c1"))["queued"] == 1
