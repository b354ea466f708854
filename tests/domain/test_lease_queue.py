"""The line for a surface: who waits is served in the order of arrival, one at a time or all that share."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from domain.racing import answers, at, head, ledger, together
from domain.test_leases import let_run_out
from signalbox.db.pool import Database
from signalbox.db.waiters import STATEMENTS
from signalbox.errors import TooMany
from support import Agent, Project

SURFACE = "src/app.py"
TURNS = STATEMENTS["lease_turns"]
ROUNDS = 5


async def queue(agent: Agent, surface: str = SURFACE, **more: Any) -> dict[str, Any]:
    return await agent.call("lease", surface=surface, queue=True, **more)


async def waiters(project: Project, count: int, workers: list[Database] | None = None) -> list[Agent]:
    joined = [await project.join(f"waiter-{number}") for number in range(count)]
    return [at(worker, agent) for worker, agent in zip(workers, joined, strict=False)] if workers else joined


async def turns(project: Project, *waiting: Agent, surface: str = SURFACE) -> list[str]:
    """Of some who wait, those whose turn it is."""
    ids = {(await agent.principal()).participation_id: agent.actor for agent in waiting}
    given = {"project_id": project.project_id, "participation_ids": list(ids), "surfaces": [surface] * len(ids)}
    found = await project.database.run(TURNS, TURNS.arguments(given))
    return sorted(ids[row["participation_id"]] for row in found)


async def let_fall_silent(operator: asyncpg.Connection[Any], agent: Agent) -> None:
    """As if somebody had given no sign for two minutes."""
    await operator.execute(
        "update lease_waiters set waits_until = waits_until - interval '2 minutes' where actor = $1", agent.actor
    )


async def test_what_is_free_is_granted_at_once(agent: Agent) -> None:
    leased = await queue(agent)

    assert "queued" not in leased
    assert leased["others"] == []
    assert [event["type"] for event in await ledger(agent)][-1] == "lease"


async def test_what_others_hold_is_waited_for_in_the_order_of_arrival(project: Project, agent: Agent) -> None:
    first, second = await waiters(project, 2)
    held = await agent.call("lease", surface="src/**")

    waiting = [await queue(first), await queue(second), await queue(first)]

    others = [{"actor": agent.actor, "surface": "src/**", "expires_at": held["expires_at"]}]
    assert waiting == [{"surface": SURFACE, "queued": place, "others": others} for place in (1, 2, 1)]
    assert [held["actor"] for held in (await agent.call("who_holds"))["leases"]] == [agent.actor]
    events = await ledger(agent, type="lease_wait")
    assert [(event["actor"], event["payload"]) for event in events] == [
        (first.actor, {"surface": SURFACE}),
        (second.actor, {"surface": SURFACE}),
    ]


async def test_who_is_next_takes_it_when_it_is_released(project: Project, agent: Agent) -> None:
    first, second = await waiters(project, 2)
    await agent.call("lease", surface=SURFACE)
    await queue(first)
    await queue(second)
    assert await turns(project, first, second) == []

    await agent.call("release", surface=SURFACE)

    assert await turns(project, first, second) == [first.actor]
    assert (await queue(second))["queued"] == 2
    assert "lease_id" in await queue(first, note="My turn.")
    assert await turns(project, second) == []
    assert (await queue(second))["queued"] == 1


async def test_a_newcomer_does_not_pass_those_who_wait(project: Project, agent: Agent, peer: Agent) -> None:
    (first,) = await waiters(project, 1)
    await agent.call("lease", surface=SURFACE)
    await queue(first, surface="src/**")
    await agent.call("release", surface=SURFACE)

    assert (await queue(peer)) == {"surface": SURFACE, "queued": 2, "others": []}
    assert "lease_id" in await queue(peer, surface="docs")


async def test_what_runs_out_is_the_next_one_s(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    (first,) = await waiters(project, 1)
    await agent.call("lease", surface=SURFACE)
    await queue(first)
    await let_run_out(operator, project)

    assert await turns(project, first) == [first.actor]
    assert "lease_id" in await queue(first)


async def test_of_eight_who_come_to_take_it_the_next_one_gets_it(
    project: Project, agent: Agent, workers: list[Database]
) -> None:
    waiting = await waiters(project, 8, workers)
    await agent.call("lease", surface=SURFACE)
    for one in waiting:
        await queue(one)
    for number, expected in enumerate(waiting[:ROUNDS]):
        holder = agent if number == 0 else waiting[number - 1]

        outcomes = await together(
            [holder.call("release", surface=SURFACE), *[queue(one) for one in waiting[number:]], queue(expected)]
        )
        await queue(expected)

        granted = [answer for answer in answers(outcomes) if "lease_id" in answer]
        assert len({answer["lease_id"] for answer in granted}) <= 1
        (held,) = (await agent.call("who_holds"))["leases"]
        assert held["actor"] == expected.actor


async def test_one_s_own_hold_is_renewed_whoever_waits(agent: Agent, peer: Agent) -> None:
    mine = await agent.call("lease", surface=SURFACE)
    await queue(peer)

    assert (await queue(agent))["lease_id"] == mine["lease_id"]


async def test_who_is_silent_for_two_minutes_loses_the_place(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    gone, next_one = await waiters(project, 2)
    await agent.call("lease", surface=SURFACE)
    await queue(gone)
    await queue(next_one)
    await agent.call("release", surface=SURFACE)
    await let_fall_silent(operator, gone)

    assert await turns(project, next_one) == [next_one.actor]
    assert "lease_id" in await queue(next_one)
    assert (await queue(gone))["queued"] == 1


async def test_who_was_silent_too_long_gets_the_place_back_by_no_sign(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    gone, next_one = await waiters(project, 2)
    await agent.call("lease", surface=SURFACE)
    for waiter in (gone, next_one):
        await queue(waiter)
    await let_fall_silent(operator, gone)

    assert await turns(project, gone) == [gone.actor], "it is to come anew"
    assert (await queue(next_one))["queued"] == 1
    assert (await queue(gone))["queued"] == 2


async def test_asking_whose_turn_it_is_keeps_the_place(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    first, second = await waiters(project, 2)
    await agent.call("lease", surface=SURFACE)
    for waiter in (first, second):
        await queue(waiter)
    await operator.execute("update lease_waiters set waits_until = waits_until - interval '110 seconds'")

    await turns(project, first)
    await operator.execute("update lease_waiters set waits_until = waits_until - interval '20 seconds'")

    assert (await queue(second))["queued"] == 2
    assert (await queue(first))["queued"] == 1


async def test_a_sign_waits_for_no_act_that_takes_the_place_away(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    (first,) = await waiters(project, 1)
    await agent.call("lease", surface=SURFACE)
    await queue(first)
    await operator.execute("update lease_waiters set waits_until = waits_until - interval '30 seconds'")
    before = "select waits_until from lease_waiters where actor = $1"
    was = await operator.fetchval(before, first.actor)
    async with operator.transaction():
        await operator.execute("select from lease_waiters where actor = $1 for update", first.actor)

        assert await turns(project, first) == []

    assert await operator.fetchval(before, first.actor) == was


async def test_releasing_what_one_waits_for_leaves_the_line(project: Project, agent: Agent) -> None:
    first, second = await waiters(project, 2)
    await agent.call("lease", surface=SURFACE)
    await queue(first)
    await queue(second)

    assert await first.call("release", surface=SURFACE) == {"released": 0, "left_queue": 1}
    assert (await ledger(agent))[-1]["payload"] == {"surface": SURFACE, "left": True}
    assert (await queue(second))["queued"] == 1


async def test_who_takes_it_without_the_line_is_in_it_no_more(project: Project, agent: Agent, peer: Agent) -> None:
    (second,) = await waiters(project, 1)
    await agent.call("lease", surface=SURFACE)
    await queue(peer)
    await queue(second)

    assert [other["actor"] for other in (await peer.call("lease", surface=SURFACE))["others"]] == [agent.actor]
    assert (await queue(second))["queued"] == 1


async def test_waiting_on_and_on_writes_no_event(agent: Agent, peer: Agent) -> None:
    await agent.call("lease", surface=SURFACE)
    await queue(peer, idempotency_key="k")
    before = await head(agent)

    await queue(peer)
    await agent.call("release", surface=SURFACE)

    assert await head(agent) == before + 1
    assert "lease_id" in await queue(peer, idempotency_key="k"), "that one waits is not kept for a key"
    assert (await queue(peer, idempotency_key="k"))["lease_id"] == 2
    assert await head(agent) == before + 2


@pytest.mark.parametrize("limit", ["you wait for 20 surfaces", "500 wait for surfaces"])
async def test_lines_are_not_endless(project: Project, operator: asyncpg.Connection[Any], limit: str) -> None:
    agent, peer = await waiters(project, 2)
    mine = limit.startswith("you")
    await agent.call("lease", surface="**")
    await queue(peer)
    copies = (
        "insert into lease_waiters (project_id, participation_id, surface, fixed, mode, place, actor, queued_at,"
        " waits_until) select project_id, participation_id + $2 * n, 'f' || n, 'f' || n, mode, place + n, actor,"
        " queued_at, waits_until from lease_waiters, generate_series(1, $3) n where project_id = $1"
    )
    await operator.execute(copies, project.project_id, 0 if mine else 1000, 19 if mine else 499)

    with pytest.raises(TooMany, match=limit):
        await queue(peer, surface="docs")
    assert (await queue(peer))["queued"] == 1


async def test_a_line_of_another_project_is_not_this_one_s(project: Project, other_project: Project) -> None:
    holder, waiter = [await project.join(name) for name in ("holder", "waiter")]
    stranger = await other_project.join("stranger")
    await holder.call("lease", surface=SURFACE)
    await queue(waiter)
    await holder.call("release", surface=SURFACE)

    assert "lease_id" in await queue(stranger)
    assert await turns(project, waiter) == [waiter.actor]
