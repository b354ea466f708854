"""Shared leases: they get along with each other, and with nobody who wants to be alone."""

from __future__ import annotations

from domain.racing import ledger
from domain.test_lease_queue import SURFACE, queue, turns, waiters
from support import Agent, Project


async def test_shared_holds_get_along(agent: Agent, peer: Agent) -> None:
    first = await agent.call("lease", surface=SURFACE, mode="shared")
    second = await peer.call("lease", surface="src/**", mode="shared")

    assert (first["mode"], second["others"]) == ("shared", [])
    assert [held["mode"] for held in (await agent.call("who_holds"))["leases"]] == ["shared", "shared"]
    assert [other["actor"] for other in (await peer.call("lease", surface="src"))["others"]] == [agent.actor]


async def test_renewing_keeps_the_mode_until_another_is_named(agent: Agent, peer: Agent) -> None:
    await agent.call("lease", surface=SURFACE, mode="shared")
    await peer.call("lease", surface=SURFACE, mode="shared")

    assert (await agent.call("lease", surface=SURFACE))["mode"] == "shared"
    raised = await agent.call("lease", surface=SURFACE, mode="exclusive")

    assert [other["actor"] for other in raised["others"]] == [peer.actor]
    assert "mode" not in raised
    assert (await ledger(agent, type="lease"))[-1]["payload"]["renewed"] is True


async def test_those_who_share_are_served_together_and_who_does_not_waits_for_all(
    project: Project, agent: Agent
) -> None:
    one, two, alone, late = await waiters(project, 4)
    await agent.call("lease", surface=SURFACE)
    for waiter in (one, two, alone, late):
        await queue(waiter, mode="exclusive" if waiter is alone else "shared")
    await agent.call("release", surface=SURFACE)

    assert await turns(project, one, two, alone, late) == [one.actor, two.actor]
    assert (await queue(one, mode="shared"))["others"] == []
    assert await turns(project, two) == [two.actor]
    assert "lease_id" in await queue(two, mode="shared")
    assert (await queue(late, mode="shared"))["queued"] == 2
    await one.call("release", surface=SURFACE)
    assert await turns(project, alone) == []
    await two.call("release", surface=SURFACE)
    assert await turns(project, alone, late) == [alone.actor]


async def test_holding_it_shared_one_waits_to_hold_it_alone(project: Project, agent: Agent, peer: Agent) -> None:
    mine = await agent.call("lease", surface=SURFACE, mode="shared")
    await peer.call("lease", surface=SURFACE, mode="shared")

    assert (await queue(agent, mode="exclusive"))["queued"] == 1
    await peer.call("release", surface=SURFACE)
    assert await turns(project, agent) == [agent.actor]
    assert (await queue(agent, mode="exclusive"))["lease_id"] == mine["lease_id"]
