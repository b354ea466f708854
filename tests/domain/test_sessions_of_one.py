"""Several sessions of one token: one identity, and a cursor of whats_new for each."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from domain.racing import head, spread, together
from domain.test_presence import active
from signalbox.db.pool import Database
from support import Agent


async def ids(agent: Agent, **arguments: Any) -> list[int]:
    return [event["id"] for event in (await agent.call("whats_new", **arguments))["events"]]


async def claims(agent: Agent, count: int) -> list[int]:
    """Make so many events; answers their numbers."""
    before = await head(agent)
    for _ in range(count):
        await agent.call("claim", sequence="adr")
    return list(range(before + 1, before + count + 1))


async def cursors(operator: asyncpg.Connection[Any], agent: Agent) -> list[str]:
    rows = await operator.fetch(
        "select session from cursors where participation_id = $1 order by session",
        (await agent.principal()).participation_id,
    )
    return [row["session"] for row in rows]


async def test_each_session_reads_on_where_it_was(agent: Agent, peer: Agent) -> None:
    for session in ("one", "two"):
        await agent.call("register", lane="backend", session=session)
    registered = await ids(agent, session="one")
    first = await claims(peer, 2)

    assert await ids(agent, session="one") == first
    second = await claims(peer, 1)
    assert await ids(agent, session="two") == registered + first + second
    assert await ids(agent, session="one") == second
    assert await ids(agent) == registered + first + second
    assert await active(peer) == [agent.actor]


async def test_a_new_session_begins_where_the_participant_has_read_to(agent: Agent, peer: Agent) -> None:
    await ids(agent)
    first = await claims(peer, 3)
    assert await ids(agent, limit=2) == first[:2]

    assert await ids(agent, session="late") == first[2:]


async def test_the_first_session_of_a_new_participant_begins_at_the_beginning(agent: Agent, peer: Agent) -> None:
    assert (await ids(agent, session="one"))[:1] == [1]
    assert (await ids(peer))[:1] == [1]


async def test_a_session_repeats_its_own_last_page(agent: Agent, peer: Agent) -> None:
    await ids(agent, session="one")
    first = await claims(peer, 3)
    await ids(agent, session="one", limit=2)
    await ids(agent, session="two")

    assert await ids(agent, session="one", redeliver=True) == first[:2]
    assert await ids(agent, session="one") == first[2:]


async def test_looking_moves_no_session(agent: Agent, peer: Agent) -> None:
    await ids(agent, session="one")
    first = await claims(peer, 2)

    assert await ids(agent, session="one", advance_cursor=False) == first
    assert await ids(agent, session="one", after=first[0]) == first[1:]
    assert await ids(agent, session="one") == first


async def test_the_twenty_that_read_last_are_kept(agent: Agent, operator: asyncpg.Connection[Any]) -> None:
    await ids(agent)
    for number in range(20):
        await agent.call("register", lane="backend", session=f"s-{number:02}")
    await claims(agent, 1)
    await ids(agent, session="s-00")

    await agent.call("register", lane="backend", session="new")

    kept = [f"s-{number:02}" for number in range(20) if number != 1]
    assert await cursors(operator, agent) == ["", "new", *kept]


async def test_sessions_that_begin_at_once_are_all_there(
    agent: Agent, workers: list[Database], operator: asyncpg.Connection[Any]
) -> None:
    await ids(agent)
    names = [f"s-{number:02}" for number in range(16)]

    outcomes = await together(
        [
            caller.call("whats_new", session=name)
            for name, caller in zip(names * 2, spread(agent, workers, 32), strict=True)
        ]
    )

    assert all(outcome["events"] == [] for outcome in outcomes)
    assert await cursors(operator, agent) == ["", *names]


async def test_one_session_asked_for_at_once_is_handed_out_whole(
    agent: Agent, peer: Agent, workers: list[Database]
) -> None:
    await ids(agent, session="one")
    events = await claims(peer, 8)

    pages = await together([caller.call("whats_new", session="one", limit=2) for caller in spread(agent, workers, 4)])

    seen = [event["id"] for page in pages for event in page["events"]]
    assert sorted(set(seen)) == events[: len(set(seen))]
    assert sorted(set(seen)) + await ids(agent, session="one") == events


async def test_a_server_of_before_sessions_reads_on_with_the_cursor_that_has_no_name(
    agent: Agent, peer: Agent, operator: asyncpg.Connection[Any]
) -> None:
    await ids(agent)
    first = await claims(peer, 2)
    assert await ids(agent, session="a") == first
    who = await agent.principal()
    old = "select since_event_id, cursor_seq from whats_new_v1($1, $2, null, false, true, 100)"

    read = await operator.fetchrow(old, who.project_id, who.participation_id)

    assert read is not None
    assert tuple(read) == (first[0] - 1, first[1])
    assert await ids(agent) == []


@pytest.mark.parametrize("hidden", [1, 3])
async def test_a_digest_goes_past_what_it_may_not_show(agent: Agent, peer: Agent, hidden: int) -> None:
    await ids(peer)
    for number in range(hidden):
        await agent.call("register", lane="backend", visibility="ghost", status=f"Step {number}.")

    digest = await peer.call("whats_new")

    assert digest["events"] == []
    assert digest["cursor"] == digest["head"]
    assert (await peer.call("whats_new"))["since_event_id"] == digest["head"]
