"""The ledger: read by exact filters, and followed without missing or repeating anything."""

from __future__ import annotations

import itertools
import re
from typing import Any

import asyncpg
import pytest

from domain.racing import head, ledger, spread, together
from signalbox import paths
from signalbox.db.pool import Database
from signalbox.domain.events import CARRIERS
from signalbox.errors import InvalidArguments
from support import Agent, Project


async def claims(agent: Agent, count: int, sequence: str = "adr") -> None:
    """Make some events."""
    for _ in range(count):
        await agent.call("claim", sequence=sequence)


async def ids(agent: Agent, **filters: Any) -> list[int]:
    return [event["id"] for event in (await agent.call("query_events", **filters))["events"]]


def seen(page: dict[str, Any]) -> list[int]:
    return [event["id"] for event in page["events"]]


async def test_events_are_numbered_from_one_without_a_gap(agent: Agent, workers: list[Database]) -> None:
    callers = spread(agent, workers, 24)
    await together([caller.call("claim", sequence="adr") for caller in callers])
    await together([caller.call("release", surface="nothing") for caller in callers])
    await together([caller.call("lease", surface=f"f{number}") for number, caller in enumerate(callers)])

    events = await ledger(agent)
    assert [event["id"] for event in events] == list(range(1, await head(agent) + 1))
    assert [event["ts"] for event in events] == sorted(event["ts"] for event in events)


async def test_a_reader_who_follows_the_ledger_misses_nothing(agent: Agent, workers: list[Database]) -> None:
    writers = spread(agent, workers[1:], 21)
    followed: list[int] = []

    async def follow() -> None:
        while len(followed) < 21:
            page = await agent.call("query_events", after=followed[-1] if followed else 0, type="claim")
            followed.extend(seen(page))

    start = await head(agent)
    await together([follow(), *(writer.call("claim", sequence="adr") for writer in writers)])

    assert followed == list(range(start + 1, start + 22))


async def test_an_event_has_five_fields(agent: Agent) -> None:
    await claims(agent, 1)

    (event,) = (await agent.call("query_events", type="claim"))["events"]

    assert set(event) == {"id", "ts", "actor", "type", "payload"}
    assert event["ts"].endswith("Z")


async def test_without_a_cursor_the_newest_come_first(agent: Agent) -> None:
    await claims(agent, 5)
    last = await head(agent)

    assert await ids(agent, limit=2) == [last, last - 1]
    assert await ids(agent, last_n=3, limit=1) == [last, last - 1, last - 2]
    assert await ids(agent, before=last - 1, limit=2) == [last - 2, last - 3]
    assert "cursor" not in await agent.call("query_events")


async def test_after_a_cursor_the_oldest_come_first(agent: Agent) -> None:
    await claims(agent, 5)
    last = await head(agent)

    page = await agent.call("query_events", after=last - 3, limit=2)
    rest = await agent.call("query_events", after=page["cursor"], limit=2)
    end = await agent.call("query_events", after=rest["cursor"], limit=2)

    assert (seen(page), page["cursor"]) == ([last - 2, last - 1], last - 1)
    assert (seen(rest), rest["cursor"]) == ([last], last)
    assert end == {"events": [], "cursor": last}


@pytest.mark.parametrize("cursor", [{}, {"after": 0}])
async def test_filters_hold_together_and_before_the_limit(agent: Agent, peer: Agent, cursor: dict[str, int]) -> None:
    wanted = (await agent.call("post", to_lane="review", body="This.", ref="PR-1", tag="ask"))["event_id"]
    for other in ({"ref": "PR-1", "tag": "fyi"}, {"ref": "PR-10", "tag": "ask"}, {"ref": "pr-1", "tag": "ask"}):
        await agent.call("post", to_lane="review", body="Not this.", **other)
    await peer.call("post", to_lane="review", body="Nor this.", ref="PR-1", tag="ask")
    filters = {"actor": agent.actor, "type": "post", "ref": "PR-1", "tag": "ask"}

    assert await ids(agent, limit=1, **filters, **cursor) == [wanted]
    assert await ids(agent, limit=1, **filters | {"type": "ack"}, **cursor) == []


async def test_a_sequence_is_filtered_exactly(agent: Agent) -> None:
    await claims(agent, 2, "adr")
    await claims(agent, 1, "adr-2")

    found = await ledger(agent, sequence="adr")

    assert [event["payload"]["number"] for event in found] == [1, 2]


async def test_times_bound_the_answer_at_both_ends(agent: Agent) -> None:
    await claims(agent, 1)
    (first,) = await ledger(agent, type="claim")
    moment = first["ts"]

    inside = await ids(agent, since=moment, until=moment, type="claim")
    other_zone = await ids(agent, since=moment.replace("Z", "+00:00"), type="claim")

    assert inside == other_zone == [first["id"]]
    assert await ids(agent, until="2001-01-01") == []
    assert await ids(agent, since="9999-12-31T23:59:59") == []


@pytest.mark.parametrize(
    "moment", ["yesterday", "", "2026-13-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
)
async def test_a_time_that_is_none_is_refused_by_name(agent: Agent, moment: str) -> None:
    with pytest.raises(InvalidArguments, match=r"^since: "):
        await agent.call("query_events", since=moment)


async def test_an_actor_is_followed_through_its_names(
    project: Project, agent: Agent, operator: asyncpg.Connection[Any]
) -> None:
    await claims(agent, 1)
    before = agent.actor
    rename = (
        "update participants a set label = 'renamed' from participations p"
        " where p.participant_id = a.participant_id and p.project_id = $1 and a.label = 'claude-1'"
    )
    await operator.execute(rename, project.project_id)
    await claims(agent, 1)

    found = await ledger(agent, actor="renamed", type="claim")

    assert [event["actor"] for event in found] == [before, f"{project.handle}/renamed"]
    assert await ledger(agent, actor=before, type="claim") == found


async def test_a_participant_who_left_is_still_found(
    agent: Agent, lead: Agent, operator: asyncpg.Connection[Any]
) -> None:
    await claims(agent, 1)
    await operator.execute(
        "update participations set removed_at = now() where participation_id = $1",
        (await agent.principal()).participation_id,
    )

    found = await ledger(lead, actor="claude-1", type="claim")

    assert [event["actor"] for event in found] == [agent.actor]


async def test_reading_makes_no_event(agent: Agent) -> None:
    before = await head(agent)

    for tool in ("whats_new", "query_events", "read_posts", "who_holds", "list_tasks", "who_is_active", "whoami"):
        await agent.call(tool)

    assert await head(agent) == before


def test_only_the_types_that_are_said_to_carry_a_filtered_field() -> None:
    """`query_events` answers nothing at once for the others, so an act that begins to carry one must say so."""
    sources = {path.stem: path.read_text(encoding="utf-8") for path in paths.FUNCTIONS.glob("*.sql")}
    carrying = {
        (name, field)
        for name, source in sources.items()
        for field in CARRIERS
        if f"'{field}'," in source and "append_event_v1(ctx" in source
    }
    types = {
        field: frozenset(
            event_type
            for name, carried in carrying
            if carried == field
            for event_type in re.findall(r"(?:append_event_v1|move_task_v1)\(ctx, [^']*'(\w+)'", sources[name])
        )
        for field in CARRIERS
    }

    assert types == CARRIERS


async def test_what_no_event_can_be_is_not_found(agent: Agent) -> None:
    await agent.call("claim", sequence="adr")
    await agent.call("post", to_lane="backend", body="b", tag="t", ref="r")

    for filters in (
        {"type": "post", "sequence": "adr"},
        {"type": "claim", "tag": "t"},
        {"tag": "t", "sequence": "adr"},
    ):
        assert await ids(agent, **filters) == []
        assert (await agent.call("query_events", after=1, **filters))["cursor"] == 1


async def test_every_pair_of_filters_finds_what_both_hold_for(agent: Agent, lead: Agent) -> None:
    """Each pair has a way of its own to the events; all must agree with a look at every event."""
    for caller in (agent, lead):
        await caller.call("claim", sequence="adr")
        await caller.call("post", to_lane="backend", body="b", tag="t", ref="r")
        await caller.call("post", to_lane="backend", body="b", tag="t2", ref="r")
    await lead.call("seed_sequence", sequence="adr", current=7)
    everything = (await agent.call("query_events", limit=1000))["events"]
    values = {"type": ("claim", "post", "seed"), "sequence": ("adr",), "ref": ("r",), "tag": ("t",)}
    single = [(name, value) for name, options in values.items() for value in options]
    single += [("actor", agent.actor), ("actor", lead.actor)]

    for one, other in itertools.product(single, single):
        wanted = dict([one, other])
        expected = [
            event["id"]
            for event in everything
            if all((event["payload"] | event).get(name) == value for name, value in wanted.items())
        ]
        assert await ids(agent, **wanted) == expected
        assert await ids(agent, after=0, **wanted) == expected[::-1]
