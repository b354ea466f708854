"""Lanes: who is in them, who may change them, and what stays behind closed doors."""

from __future__ import annotations

from typing import Any

import pytest

from signalbox.errors import Forbidden
from support import Agent


async def events_of(agent: Agent, **filters: Any) -> list[tuple[str, dict[str, Any]]]:
    """Answer what an agent sees of the ledger, oldest first."""
    found = await agent.call("query_events", after=0, limit=200, **filters)
    return [(event["type"], event["payload"]) for event in found["events"]]


async def make_secret(agent: Agent, name: str = "ops") -> str:
    """Make a secret lane; answers its whole name."""
    made: str = (await agent.call("configure_lane", lane=name, access="secret"))["lane"]
    return made


async def let_in(member: Agent, lane: str, *guests: Agent) -> None:
    """Invite some, and let them join."""
    await member.call("configure_lane", lane=lane, invite=[guest.actor for guest in guests])
    for guest in guests:
        await guest.call("join_lane", lane=lane)


async def test_joining_an_open_lane_says_who_is_there_and_stands_in_the_ledger(agent: Agent, peer: Agent) -> None:
    await peer.call("register", lane="backend")
    joined = await agent.call("join_lane", lane="backend")
    again = await agent.call("join_lane", lane="backend")

    assert joined == again == {"lane": "backend", "members": [peer.actor, agent.actor]}
    assert await events_of(peer, type="join_lane") == [("join_lane", {"lane": "backend"})]


async def test_who_joined_stays_when_it_registers_elsewhere(agent: Agent, peer: Agent) -> None:
    await agent.call("register", lane="review")
    await agent.call("join_lane", lane="review")
    await agent.call("register", lane="docs")
    await peer.call("post", to_lane="review", body="Still here?")

    assert (await agent.call("read_posts", to_me=True))["posts"][0]["body"] == "Still here?"


async def test_leaving_ends_what_was_not_acked_and_joining_brings_it_back(agent: Agent, peer: Agent) -> None:
    await agent.call("join_lane", lane="review")
    await peer.call("post", to_lane="review", body="Look.")
    left = await agent.call("leave_lane", lane="review")
    without = await agent.call("read_posts", to_me=True, unacked_only=True)
    again = await agent.call("leave_lane", lane="review")
    back = await agent.call("join_lane", lane="review")

    assert (left["left"], again["left"]) == (True, False)
    assert "_unread_posts" not in left
    assert without["posts"] == []
    assert back["_unread_posts"] == 1
    assert [kind for kind, _ in await events_of(peer, type="leave_lane")] == ["leave_lane"]


async def test_a_private_lane_is_known_by_name_and_entered_by_invitation(agent: Agent, peer: Agent) -> None:
    await agent.call("configure_lane", lane="review", access="private", description="Who ships.")
    await agent.call("post", to_lane="review", body="Behind the door.")
    seen = await peer.call("list_lanes")
    for refused in (
        peer.call("join_lane", lane="review"),
        peer.call("post", to_lane="review", body="Let me in."),
        peer.call("register", lane="review"),
        peer.call("task_create", title="Mine", lane="review"),
        peer.call("configure_lane", lane="review", access="open"),
        peer.call("configure_lane", lane="review", invite=["codex-1"]),
    ):
        with pytest.raises(Forbidden, match="'review' is private and you are not in it"):
            await refused
    await agent.call("configure_lane", lane="review", invite=["codex-1"])
    invited = await peer.call("list_lanes")
    told = await events_of(peer, type="lane_invite")
    joined = await peer.call("join_lane", lane="review")
    inside = await peer.call("list_lanes")

    assert seen["lanes"] == [{"lane": "review", "access": "private", "joined": False}]
    assert invited["lanes"] == [{"lane": "review", "access": "private", "joined": False, "invited": True}]
    assert told == [("lane_invite", {"lane": "review", "participant": peer.actor})]
    assert joined == {"lane": "review", "members": [agent.actor, peer.actor], "_unread_posts": 1}
    assert inside["lanes"] == [
        {"lane": "review", "access": "private", "description": "Who ships.", "members": 2, "joined": True}
    ]
    assert (await peer.call("read_posts"))["posts"][0]["body"] == "Behind the door."
