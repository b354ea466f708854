"""Claims settled: what became of a number stands there once, and what never became anything is found."""

from __future__ import annotations

from typing import Any

import pytest

from domain.managing import read
from domain.racing import answers, at, head, ledger, refusals, together
from signalbox.db.pool import Database
from signalbox.domain import claims
from signalbox.domain.claims import UNSETTLED_SHOWN, ClaimsArgs
from signalbox.errors import Conflict, Forbidden, InvalidArguments, NotFound
from support import Agent, Project


async def settle(agent: Agent, number: int = 1, outcome: str = "committed", **more: Any) -> dict[str, Any]:
    return await agent.call("settle_claim", sequence="adr", number=number, outcome=outcome, **more)


async def unsettled(agent: Agent, **more: Any) -> list[tuple[str, int]]:
    found = (await agent.call("latest_claims", unsettled=True, **more))["sequences"]
    return [(one["sequence"], one["number"]) for one in found]


async def test_a_number_is_settled_with_what_it_was_used_for(agent: Agent) -> None:
    await agent.call("claim", sequence="adr")

    settled = await settle(agent, ref="PR-7")

    assert settled == {
        "sequence": "adr",
        "number": 1,
        "formatted": "1",
        "outcome": "committed",
        "ref": "PR-7",
        "settled_at": settled["settled_at"],
    }
    (event,) = await ledger(agent, type="settle")
    assert event["payload"] == {
        "sequence": "adr",
        "number": 1,
        "formatted": "1",
        "outcome": "committed",
        "ref": "PR-7",
    }
    assert event["ts"] == settled["settled_at"]
    (claim,) = await read(agent, claims.list_claims, ClaimsArgs(sequence="adr"))
    assert (claim.outcome, claim.settled_ref, claim.settled_by) == ("committed", "PR-7", agent.actor)


async def test_settling_it_again_the_same_way_changes_nothing(agent: Agent, lead: Agent) -> None:
    await agent.call("claim", sequence="adr")
    first = await settle(agent, ref="PR-7")
    before = await head(agent)

    assert await settle(lead, ref="PR-7") == await settle(lead) == first
    assert await head(agent) == before


@pytest.mark.parametrize("other", [{"outcome": "void", "ref": "PR-7"}, {"ref": "PR-8"}], ids=str)
async def test_settling_it_otherwise_is_a_conflict_that_says_how_it_stands(agent: Agent, other: dict[str, Any]) -> None:
    await agent.call("claim", sequence="adr")
    await settle(agent, ref="PR-7")

    with pytest.raises(Conflict, match="1 is committed already: PR-7") as refused:
        await settle(agent, **other)
    state = refused.value.state
    assert (state["outcome"], state["ref"], state["by"]) == ("committed", "PR-7", agent.actor)


async def test_a_void_number_is_never_handed_out_again(agent: Agent, peer: Agent) -> None:
    await agent.call("claim", sequence="adr")

    assert (await settle(agent, outcome="void"))["outcome"] == "void"
    assert (await peer.call("claim", sequence="adr"))["number"] == 2


async def test_who_claimed_it_or_a_lead_settles_it(agent: Agent, peer: Agent, lead: Agent) -> None:
    for _ in range(2):
        await agent.call("claim", sequence="adr")

    with pytest.raises(Forbidden, match=f"claimed by {agent.actor}"):
        await settle(peer)
    assert (await settle(lead, number=1))["number"] == 1
    assert (await settle(agent, number=2))["number"] == 2


@pytest.mark.parametrize("number", [2, 99])
async def test_what_nobody_claimed_is_not_settled(
    agent: Agent, peer: Agent, other_project: Project, number: int
) -> None:
    stranger = await other_project.join("stranger", lead=True)
    await agent.call("claim", sequence="adr")

    for caller, wanted in ((peer, number), (stranger, 1)):
        with pytest.raises(NotFound, match=f"nobody has claimed {wanted} of 'adr'"):
            await settle(caller, number=wanted)


async def test_of_eight_who_settle_it_differently_one_wins(lead: Agent, workers: list[Database]) -> None:
    await lead.call("claim", sequence="adr")

    outcomes = await together([settle(at(worker, lead), ref=f"PR-{number}") for number, worker in enumerate(workers)])

    (won,) = answers(outcomes)
    assert [refused.state["ref"] for refused in refusals(outcomes)] == [won["ref"]] * 7
    assert len(await ledger(lead, type="settle")) == 1


async def test_numbers_that_were_never_settled_are_reported_newest_first(agent: Agent, peer: Agent) -> None:
    for sequence in ("adr", "port", "adr", "adr"):
        await peer.call("claim", sequence=sequence)
    await settle(peer, number=2, outcome="void")

    (newest, *_) = (await agent.call("latest_claims", unsettled=True))["sequences"]

    assert await unsettled(agent) == [("adr", 3), ("port", 1), ("adr", 1)]
    assert (newest["by"], newest["formatted"]) == (peer.actor, "3")
    assert await unsettled(agent, before=newest["seq"]) == [("port", 1), ("adr", 1)]
    latest = (await agent.call("latest_claims"))["sequences"]
    assert [(one["sequence"], one["number"], "seq" in one) for one in latest] == [("adr", 3, False), ("port", 1, False)]


async def test_the_report_comes_in_pages(agent: Agent) -> None:
    for _ in range(UNSETTLED_SHOWN + 1):
        await agent.call("claim", sequence="adr")
    page = (await agent.call("latest_claims", unsettled=True))["sequences"]

    assert [one["number"] for one in page] == list(range(UNSETTLED_SHOWN + 1, 1, -1))
    assert await unsettled(agent, before=page[-1]["seq"]) == [("adr", 1)]


@pytest.mark.parametrize("wrong", [{"outcome": "done"}, {"number": 0}, {"ref": ""}], ids=str)
async def test_wrong_settlements_are_refused(agent: Agent, wrong: dict[str, Any]) -> None:
    await agent.call("claim", sequence="adr")

    with pytest.raises(InvalidArguments, match=next(iter(wrong))):
        await settle(agent, **wrong)
