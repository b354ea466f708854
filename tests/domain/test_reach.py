"""How a participant can be reached: marked with the heartbeats, shown by who_is_active."""

from __future__ import annotations

from typing import Any

import asyncpg

from domain.test_presence import let_pass
from signalbox.db.pool import Database
from signalbox.domain.presence import Heartbeats
from support import Agent


async def reaches(agent: Agent) -> dict[str, str]:
    return {other["actor"]: other["reach"] for other in (await agent.call("who_is_active"))["active"]}


async def let_reach_pass(operator: asyncpg.Connection[Any], agent: Agent, seconds: int) -> None:
    """As if the way in which an agent can be reached had been marked so long ago."""
    who = await agent.principal()
    await operator.execute(
        "update presence set reach_at = reach_at - make_interval(secs => $3)"
        " where project_id = $1 and participation_id = $2",
        who.project_id,
        who.participation_id,
        float(seconds),
    )


async def test_how_one_can_be_reached_is_shown_while_it_holds(
    agent: Agent, peer: Agent, database: Database, operator: asyncpg.Connection[Any]
) -> None:
    heartbeats = Heartbeats()
    heartbeats.saw(await peer.principal())
    with heartbeats.reachable(await agent.principal(), "wait"):
        await heartbeats.flush(database)

    assert await reaches(peer) == {agent.actor: "wait", peer.actor: "none"}
    await let_reach_pass(operator, agent, 46)
    assert await reaches(peer) == {peer.actor: "none"}


async def test_who_listens_is_shown_however_long_ago_it_called(
    agent: Agent, peer: Agent, database: Database, operator: asyncpg.Connection[Any]
) -> None:
    heartbeats = Heartbeats()
    heartbeats.saw(await agent.principal())
    with heartbeats.reachable(await agent.principal(), "stream"):
        await heartbeats.flush(database)
    await let_pass(operator, agent, 3600)

    assert await reaches(peer) == {agent.actor: "stream"}


async def test_the_better_way_stands_until_nobody_renews_it(
    agent: Agent, database: Database, operator: asyncpg.Connection[Any]
) -> None:
    who = await agent.principal()
    here, there = Heartbeats(), Heartbeats()
    here.saw(who, "hook")
    seen = []
    with there.reachable(who, "stream"), there.reachable(who, "wait"):
        for heartbeats in (here, there):
            await heartbeats.flush(database)
            seen.append((await reaches(agent))[agent.actor])
    for seconds in (0, 44, 2):
        await let_reach_pass(operator, agent, seconds)
        here.saw(who, "hook")
        await here.flush(database)
        seen.append((await reaches(agent))[agent.actor])

    assert seen == ["hook", "stream", "stream", "stream", "hook"]


async def test_an_open_way_is_written_again_before_it_is_stale(
    agent: Agent, database: Database, operator: asyncpg.Connection[Any]
) -> None:
    clock = [1000.0]
    heartbeats = Heartbeats(lambda: clock[0])
    marks = []
    with heartbeats.reachable(await agent.principal(), "stream"):
        for seconds in (0, 15, 2):
            clock[0] += seconds
            await let_reach_pass(operator, agent, 17)
            await heartbeats.flush(database)
            marks.append(
                await operator.fetchval(
                    "select clock_timestamp() - reach_at < '5 seconds' from presence where participation_id = $1",
                    (await agent.principal()).participation_id,
                )
            )

    assert marks == [True, False, True]


async def test_the_posts_that_wait_for_one_are_counted(agent: Agent, peer: Agent) -> None:
    await agent.call("register", lane="backend")
    for _ in range(3):
        await peer.call("post", to_lane="backend", body="Look.")

    assert [other["unread"] for other in (await peer.call("who_is_active"))["active"]] == [3]
