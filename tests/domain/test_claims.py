"""Sequences: numbers that are never handed out twice, and never skipped."""

from __future__ import annotations

from collections import Counter
from typing import Any

import asyncpg
import pytest

from domain.managing import read
from domain.racing import answers, at, head, ledger, refusals, spread, together
from signalbox.db.pool import Database
from signalbox.domain.claims import SEED_MAX, ClaimsArgs, ListedClaim, list_claims
from signalbox.errors import Conflict, Forbidden, InvalidArguments, TooMany
from support import Agent, Project

ROUNDS = 30


async def test_an_unknown_sequence_starts_at_one_and_counts_on(agent: Agent, peer: Agent) -> None:
    first = await agent.call("claim", sequence="adr")
    second = await peer.call("claim", sequence="adr", note="the cache")

    assert first == {"sequence": "adr", "number": 1, "formatted": "1"}
    assert second == {"sequence": "adr", "number": 2, "formatted": "2", "note": "the cache"}


async def test_a_claim_is_formatted_with_prefix_and_padding(lead: Agent, agent: Agent) -> None:
    await lead.call("seed_sequence", sequence="adr", current=98, prefix="ADR-", pad=3)

    formatted = [(await agent.call("claim", sequence="adr"))["formatted"] for _ in range(2)]
    await lead.call("seed_sequence", sequence="adr", current=999)
    wider = await agent.call("claim", sequence="adr")

    assert formatted == ["ADR-099", "ADR-100"]
    assert wider["formatted"] == "ADR-1000"


async def test_a_claim_and_its_event_say_the_same(agent: Agent) -> None:
    claimed = await agent.call("claim", sequence="adr", note="the cache")

    (event,) = await ledger(agent, type="claim", sequence="adr")
    assert event["payload"] == claimed
    assert event["actor"] == agent.actor


async def test_each_project_counts_on_its_own(agent: Agent, other_project: Project) -> None:
    stranger = await other_project.join("claude-1")
    await agent.call("claim", sequence="adr")

    theirs = await stranger.call("claim", sequence="adr")

    assert theirs["number"] == 1


async def test_a_seed_never_goes_back(lead: Agent) -> None:
    await lead.call("seed_sequence", sequence="adr", current=10)

    with pytest.raises(Conflict, match="never goes back") as refused:
        await lead.call("seed_sequence", sequence="adr", current=9)
    assert refused.value.state == {"current": 10}


async def test_a_seed_needs_a_lead(agent: Agent) -> None:
    with pytest.raises(Forbidden, match="only a lead"):
        await agent.call("seed_sequence", sequence="adr", current=10)

    assert await agent.call("list_sequences") == {"sequences": []}


async def test_a_seed_keeps_the_format_that_is_left_out(lead: Agent) -> None:
    await lead.call("seed_sequence", sequence="adr", current=1, prefix="ADR-", pad=4)

    seeded = await lead.call("seed_sequence", sequence="adr", current=7)

    assert seeded == {"sequence": "adr", "current": 7, "prefix": "ADR-", "pad": 4}


async def test_a_seed_takes_a_prefix_away(lead: Agent) -> None:
    await lead.call("seed_sequence", sequence="adr", current=1, prefix="ADR-", pad=4)

    seeded = await lead.call("seed_sequence", sequence="adr", current=1, prefix="", pad=0)

    assert seeded == {"sequence": "adr", "current": 1, "prefix": "", "pad": 0}


async def test_a_seed_that_changes_nothing_writes_no_event(lead: Agent) -> None:
    first = await lead.call("seed_sequence", sequence="adr", current=5, prefix="ADR-")
    before = await head(lead)

    again = await lead.call("seed_sequence", sequence="adr", current=5)

    assert again == first
    assert await head(lead) == before


async def test_a_seed_leaves_numbers_to_claim(lead: Agent) -> None:
    with pytest.raises(InvalidArguments, match="current"):
        await lead.call("seed_sequence", sequence="adr", current=2**53 - 1)
    await lead.call("seed_sequence", sequence="adr", current=SEED_MAX)

    claimed = await lead.call("claim", sequence="adr")

    assert claimed["number"] == SEED_MAX + 1


async def test_a_sequence_at_its_end_is_a_conflict(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    await agent.call("claim", sequence="adr")
    await operator.execute("update sequences set current = 9007199254740991 where project_id = $1", project.project_id)
    before = await head(agent)

    with pytest.raises(Conflict, match="at its end"):
        await agent.call("claim", sequence="adr")
    assert await head(agent) == before


async def test_a_project_has_a_thousand_sequences_at_most(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    fill = "insert into sequences (project_id, sequence) select $1, 'n' || n from generate_series(1, 1000) n"
    await operator.execute(fill, project.project_id)

    with pytest.raises(TooMany, match="1000 sequences"):
        await agent.call("claim", sequence="one-more")


async def test_latest_claims_names_the_newest_of_each_sequence(agent: Agent, peer: Agent) -> None:
    await agent.call("claim", sequence="port")
    await agent.call("claim", sequence="adr")
    await peer.call("claim", sequence="adr")

    adr, port = (await agent.call("latest_claims"))["sequences"]

    assert adr.pop("at").endswith("Z")
    assert adr == {"sequence": "adr", "number": 2, "formatted": "2", "by": peer.actor}
    assert (port["sequence"], port["by"]) == ("port", agent.actor)


async def test_list_sequences_foretells_the_next_id(lead: Agent, agent: Agent) -> None:
    await lead.call("seed_sequence", sequence="adr", current=9, prefix="ADR-", pad=3)

    (listed,) = (await agent.call("list_sequences"))["sequences"]
    claimed = await agent.call("claim", sequence="adr")

    assert listed == {
        "name": "adr",
        "prefix": "ADR-",
        "pad": 3,
        "last_used": 9,
        "next": 10,
        "next_formatted": claimed["formatted"],
    }


async def test_rival_claims_get_every_number_once(agent: Agent, peer: Agent, workers: list[Database]) -> None:
    callers = spread(agent, workers, 16) + spread(peer, workers, 16)

    outcomes = await together([caller.call("claim", sequence="adr") for caller in callers])

    assert sorted(answer["number"] for answer in answers(outcomes)) == list(range(1, 33))
    events = await ledger(agent, type="claim")
    assert [event["payload"]["number"] for event in events] == list(range(1, 33))


async def test_rivals_start_a_new_sequence_once(agent: Agent, workers: list[Database]) -> None:
    for number in range(5):
        callers = spread(agent, workers, 8)
        name = f"new-{number}"

        outcomes = await together([caller.call("claim", sequence=name) for caller in callers])

        assert sorted(answer["number"] for answer in answers(outcomes)) == list(range(1, 9))


async def test_a_seed_racing_claims_never_gives_a_duplicate(lead: Agent, agent: Agent, workers: list[Database]) -> None:
    numbers: Counter[int] = Counter()
    for _ in range(ROUNDS):
        last = max(numbers, default=0)
        claims = [a.call("claim", sequence="adr") for a in spread(agent, workers, 6)]
        seeds = [
            at(worker, lead).call("seed_sequence", sequence="adr", current=last + step)
            for worker, step in zip(workers, (1, 3), strict=False)
        ]

        outcomes = await together(claims[:3] + seeds + claims[3:])

        numbers.update(answer["number"] for answer in answers(outcomes) if "number" in answer)
        assert all(isinstance(refused, Conflict) for refused in refusals(outcomes))

    assert len(numbers) == 6 * ROUNDS
    assert set(numbers.values()) == {1}
    assert [event["id"] for event in await ledger(agent)] == list(range(1, await head(agent) + 1))


async def test_the_claims_of_a_sequence_are_listed_newest_first_page_by_page(agent: Agent, peer: Agent) -> None:
    for caller, note in ((agent, "one"), (peer, "two"), (agent, None)):
        await caller.call("claim", sequence="adr", **({} if note is None else {"note": note}))
    await agent.call("claim", sequence="port")

    first: list[ListedClaim] = await read(agent, list_claims, ClaimsArgs(sequence="adr", limit=2))
    rest: list[ListedClaim] = await read(agent, list_claims, ClaimsArgs(sequence="adr", before=first[-1].number))

    assert [(one.number, one.by, one.note) for one in first + rest] == [
        (3, agent.actor, None),
        (2, peer.actor, "two"),
        (1, agent.actor, "one"),
    ]
    events = {event["id"]: event["payload"]["number"] for event in await ledger(agent, type="claim", sequence="adr")}
    assert [events[one.seq] for one in first + rest] == [3, 2, 1]
    assert await read(agent, list_claims, ClaimsArgs(sequence="nothing")) == []
