"""Presence: where participants are, what they do, when they were last seen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import asyncpg

from domain.racing import head, ledger, spread, together
from signalbox.db.pool import Database
from signalbox.domain.presence import Heartbeats
from support import Agent, Project


async def let_pass(operator: asyncpg.Connection[Any], agent: Agent, seconds: int) -> None:
    """As if an agent had been seen so long ago."""
    who = await agent.principal()
    await operator.execute(
        "update presence set last_seen_at = last_seen_at - make_interval(secs => $3)"
        " where project_id = $1 and participation_id = $2",
        who.project_id,
        who.participation_id,
        float(seconds),
    )


async def last_seen(operator: asyncpg.Connection[Any], agent: Agent) -> datetime | None:
    who = await agent.principal()
    found: datetime | None = await operator.fetchval(
        "select last_seen_at from presence where project_id = $1 and participation_id = $2",
        who.project_id,
        who.participation_id,
    )
    return found


async def active(agent: Agent, **filters: Any) -> list[str]:
    return [other["actor"] for other in (await agent.call("who_is_active", **filters))["active"]]


async def unread(agent: Agent) -> list[int]:
    found = await agent.call("read_posts", to_me=True, unacked_only=True)
    return [post["post_id"] for post in found["posts"]]


async def test_who_registers_is_seen(agent: Agent, peer: Agent) -> None:
    registered = await agent.call("register", lane="backend", status="On the cache.")

    (seen,) = (await peer.call("who_is_active"))["active"]
    assert registered == {
        "actor": agent.actor,
        "lane": "backend",
        "status": "On the cache.",
        "registered_at": seen["last_seen"],
    }
    assert (seen["actor"], seen["lane"], seen["status"]) == (agent.actor, "backend", "On the cache.")


async def test_registering_joins_the_lane_and_leaves_the_one_before(agent: Agent, peer: Agent) -> None:
    await agent.call("register", lane="backend")
    await agent.call("register", lane="review")

    await peer.call("post", to_lane="backend", body="Old lane.")
    await peer.call("post", to_lane="review", body="New lane.")

    assert await unread(agent) == [2]


async def test_a_granted_lane_stays_whatever_is_registered(project: Project, agent: Agent) -> None:
    granted = await project.join("granted", lane="backend")
    await granted.call("register", lane="backend")
    await granted.call("register", lane="review")

    await agent.call("post", to_lane="backend", body="The lane it was granted.")
    await agent.call("post", to_lane="review", body="The lane it is in.")

    assert await unread(granted) == [2, 1]


async def test_who_joins_a_lane_inherits_only_what_nobody_has_acked(agent: Agent, peer: Agent, lead: Agent) -> None:
    await lead.call("register", lane="review")
    for body in ("Acked.", "Not acked.", "Declined."):
        await agent.call("post", to_lane="review", body=body)
    await peer.call("post", to_lane="review", body="One's own.")
    await lead.call("ack", post_id=1)
    await lead.call("ack", post_id=3, outcome="declined")

    await peer.call("register", lane="review")

    assert await unread(peer) == [2]


async def test_a_post_acked_once_stays_acked_when_its_reader_comes_back(agent: Agent, peer: Agent) -> None:
    await peer.call("register", lane="review")
    await agent.call("post", to_lane="review", body="Look.")
    await peer.call("ack", post_id=1)

    await peer.call("register", lane="backend")
    await peer.call("register", lane="review")

    assert await unread(peer) == []


async def test_registering_the_same_again_writes_no_event(agent: Agent) -> None:
    first = await agent.call("register", lane="backend", status="On the cache.")
    before = await head(agent)

    again = await agent.call("register", lane="backend", status="On the cache.")

    assert again == first
    assert await head(agent) == before


async def test_registering_the_same_at_once_is_one_event(agent: Agent, workers: list[Database]) -> None:
    outcomes = await together([caller.call("register", lane="backend") for caller in spread(agent, workers, 16)])

    assert len({outcome["registered_at"] for outcome in outcomes}) == 1
    assert len(await ledger(agent, type="register")) == 1


async def test_a_new_status_is_an_event(agent: Agent) -> None:
    await agent.call("register", lane="backend", status="On the cache.")
    await agent.call("register", lane="backend")

    payloads = [event["payload"] for event in await ledger(agent, type="register")]
    assert payloads == [{"lane": "backend", "status": "On the cache."}, {"lane": "backend"}]


async def test_who_was_not_seen_within_the_window_is_not_active(
    agent: Agent, peer: Agent, operator: asyncpg.Connection[Any]
) -> None:
    await agent.call("register", lane="backend")
    await peer.call("register", lane="review")
    await let_pass(operator, agent, 901)
    await let_pass(operator, peer, 800)

    assert await active(peer) == [peer.actor]
    assert await active(peer, within_seconds=1000) == [peer.actor, agent.actor]
    assert await active(peer, within_seconds=10) == []
    assert await active(peer, within_seconds=1000, lane="backend") == [agent.actor]


async def test_the_window_is_the_project_s(project: Project, agent: Agent, operator: asyncpg.Connection[Any]) -> None:
    await agent.call("register", lane="backend")
    await let_pass(operator, agent, 901)
    await operator.execute("update projects set liveness_seconds = 3600 where project_id = $1", project.project_id)

    assert await active(agent) == [agent.actor]


async def test_who_never_registered_is_active_in_the_lane_it_was_granted(
    project: Project, agent: Agent, database: Database
) -> None:
    granted = await project.join("granted", lane="backend")
    heartbeats = Heartbeats()
    for who in (granted, agent):
        heartbeats.saw(await who.principal())
    await heartbeats.flush(database)

    everybody = (await agent.call("who_is_active"))["active"]

    assert {seen["actor"]: seen.get("lane") for seen in everybody} == {granted.actor: "backend", agent.actor: None}
    assert await active(agent, lane="backend") == [granted.actor]


async def test_a_presence_is_written_at_most_every_fifteen_seconds(
    agent: Agent, database: Database, operator: asyncpg.Connection[Any]
) -> None:
    heartbeats = Heartbeats()

    async def beat() -> datetime | None:
        heartbeats.saw(await agent.principal())
        await heartbeats.flush(database)
        return await last_seen(operator, agent)

    first = await beat()
    second = await beat()
    await let_pass(operator, agent, 14)
    third = await beat()
    await let_pass(operator, agent, 2)
    aged = await last_seen(operator, agent)
    fourth = await beat()

    assert first is not None
    assert aged is not None
    assert fourth is not None
    assert second == first
    assert third is not None
    assert third < first
    assert aged < third
    assert fourth >= first


async def test_a_flush_writes_everyone_once_and_then_nothing(
    agent: Agent, other_project: Project, database: Database, operator: asyncpg.Connection[Any]
) -> None:
    stranger = await other_project.join("stranger")
    heartbeats = Heartbeats()
    for who in (agent, stranger, agent, agent):
        heartbeats.saw(await who.principal())

    await heartbeats.flush(database)
    seen = [await last_seen(operator, who) for who in (agent, stranger)]
    await let_pass(operator, agent, 60)
    aged = await last_seen(operator, agent)
    await heartbeats.flush(database)

    assert seen[0] is not None
    assert seen[0] == seen[1]
    assert await last_seen(operator, agent) == aged
    assert await active(agent) == [agent.actor]


async def test_flushes_of_many_workers_do_not_deadlock(project: Project, workers: list[Database]) -> None:
    agents = [await project.join(f"claude-{number}") for number in range(12)]
    beats = [Heartbeats() for _ in workers]
    for number, heartbeats in enumerate(beats):
        for agent in agents[number:] + agents[:number]:
            heartbeats.saw(await agent.principal())

    outcomes = await together(
        [heartbeats.flush(worker) for heartbeats, worker in zip(beats, workers, strict=True)]
        + [agent.call("register", lane="backend") for agent in agents]
    )

    assert all(outcome is None or outcome["lane"] == "backend" for outcome in outcomes)
    assert len(await active(agents[0])) == 12


async def test_what_is_left_at_the_end_is_written(
    agent: Agent, database: Database, operator: asyncpg.Connection[Any]
) -> None:
    heartbeats = Heartbeats()
    async with heartbeats.beating(database):
        heartbeats.saw(await agent.principal())

    assert await last_seen(operator, agent) is not None


async def test_a_heartbeat_marks_the_token_it_came_with(
    project: Project, agent: Agent, database: Database, operator: asyncpg.Connection[Any]
) -> None:
    await project.join("claude-1")
    who = await agent.principal()
    heartbeats = Heartbeats()
    heartbeats.saw(who)
    await heartbeats.flush(database)

    used = await operator.fetch(
        "select token_hash = $2 as mine, last_used_at is not null as used from tokens where participation_id = $1",
        who.participation_id,
        who.token_hash,
    )
    assert {row["mine"]: row["used"] for row in used} == {True: True, False: False}


async def test_a_heartbeat_makes_no_event(agent: Agent, database: Database) -> None:
    before = await head(agent)
    heartbeats = Heartbeats()
    heartbeats.saw(await agent.principal())
    await heartbeats.flush(database)

    assert await head(agent) == before
