"""Releasing by a lease's id: one's own, and, as a lead who says why, anybody's."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from domain.racing import answers, at, head, ledger, refusals, together
from domain.test_leases import let_run_out
from signalbox.db.pool import Database
from signalbox.errors import Conflict, Forbidden, InvalidArguments, NotFound
from support import Agent, Project

SURFACE = "src/app.py"


async def test_a_lead_ends_anybody_s_lease_and_says_why(lead: Agent, agent: Agent, peer: Agent) -> None:
    await agent.call("lease", surface=SURFACE)
    await peer.call("lease", surface=SURFACE, queue=True)

    ended = await lead.call("release", lease_id=1, reason="It is asleep.")

    assert ended == {"released": 1, "lease_id": 1, "surface": SURFACE, "holder": agent.actor}
    (event,) = await ledger(lead, type="release")
    assert (event["actor"], event["payload"]["holder"], event["payload"]["reason"]) == (
        lead.actor,
        agent.actor,
        "It is asleep.",
    )
    assert "lease_id" in await peer.call("lease", surface=SURFACE, queue=True)


async def test_nobody_else_does_and_no_lead_without_a_reason(lead: Agent, agent: Agent, peer: Agent) -> None:
    await agent.call("lease", surface=SURFACE)
    before = await head(lead)

    with pytest.raises(Forbidden, match="only a lead may end leases of others"):
        await peer.call("release", lease_id=1, reason="I want it.")
    with pytest.raises(Forbidden, match=f"lease 1 is that of {agent.actor}: say why"):
        await lead.call("release", lease_id=1)
    with pytest.raises(NotFound, match="no lease 2"):
        await lead.call("release", lease_id=2, reason="It is asleep.")
    assert await head(lead) == before


async def test_one_s_own_lease_is_released_by_its_id_too(agent: Agent, peer: Agent) -> None:
    await peer.call("lease", surface=SURFACE)
    await agent.call("lease", surface=SURFACE)

    assert [await agent.call("release", lease_id=2, reason="Done.") for _ in range(2)] == [
        {"released": 1},
        {"released": 0},
    ]
    assert [held["actor"] for held in (await agent.call("who_holds"))["leases"]] == [peer.actor]


async def test_a_lease_that_is_over_is_a_conflict(
    project: Project, lead: Agent, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    await agent.call("lease", surface=SURFACE)
    await let_run_out(operator, project)

    with pytest.raises(Conflict, match="is over already"):
        await lead.call("release", lease_id=1, reason="It is asleep.")


async def test_of_holder_and_lead_one_ends_it(lead: Agent, agent: Agent, workers: list[Database]) -> None:
    for number in range(1, 6):
        await agent.call("lease", surface=SURFACE)

        outcomes = await together(
            [
                at(workers[0], lead).call("release", lease_id=number, reason="It is asleep."),
                at(workers[1], agent).call("release", surface=SURFACE),
            ]
        )

        assert sum(answer["released"] for answer in answers(outcomes)) == 1
        assert len(refusals(outcomes)) <= 1
        assert len(await ledger(lead, type="release")) == number


@pytest.mark.parametrize(
    "wrong", [{}, {"surface": SURFACE, "lease_id": 1}, {"reason": "None."}, {"lease_id": 0}], ids=str
)
async def test_a_surface_or_a_lease_is_named(lead: Agent, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArguments, match="lease_id"):
        await lead.call("release", **wrong)


async def test_a_lease_of_another_project_is_not_there(agent: Agent, other_project: Project) -> None:
    stranger = await other_project.join("stranger", lead=True)
    await agent.call("lease", surface=SURFACE)

    with pytest.raises(NotFound, match="no lease 1"):
        await stranger.call("release", lease_id=1, reason="It is asleep.")
