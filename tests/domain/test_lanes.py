"""Lanes: who is in them, who may change them, and what stays behind closed doors."""

from __future__ import annotations

import pytest

from closed import events_of, let_in, make_secret
from signalbox.errors import Conflict, Forbidden, InvalidArguments, NotFound
from support import Agent, Project


async def test_joining_an_open_lane_says_who_is_there_and_stands_in_the_ledger(agent: Agent, peer: Agent) -> None:
    await peer.call("register", lane="backend")
    joined = await agent.call("join_lane", lane="backend")
    again = await agent.call("join_lane", lane="backend")

    assert joined == again
    assert (joined["lane"], sorted(joined["members"])) == ("backend", sorted([peer.actor, agent.actor]))
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


async def test_a_secret_lane_is_entered_by_who_was_invited_under_its_whole_name(agent: Agent, peer: Agent) -> None:
    lane = await make_secret(agent)
    await agent.call("post", to_lane=lane, body="Behind the door.")
    for refused in (
        peer.call("join_lane", lane=lane),
        peer.call("leave_lane", lane=lane),
        peer.call("post", to_lane=lane, body="Let me in."),
        peer.call("configure_lane", lane=lane, invite=["codex-1"]),
    ):
        with pytest.raises(NotFound, match=f"no lane '{lane}' that you are in"):
            await refused
    unaware = await peer.call("list_lanes")
    await agent.call("configure_lane", lane=lane, invite=["codex-1"])
    told = await peer.call("whats_new")
    invited = await peer.call("list_lanes")
    await peer.call("join_lane", lane=lane)

    assert lane[:4] == "ops~"
    assert len(lane) == 10
    assert unaware["lanes"] == []
    assert [event["payload"] for event in told["events"] if event["type"] == "lane_invite"] == [
        {"lane": lane, "participant": peer.actor}
    ]
    assert invited["lanes"] == [{"lane": lane, "access": "secret", "joined": False, "invited": True}]
    assert (await peer.call("read_posts", to_lane=lane))["posts"][0]["body"] == "Behind the door."


async def test_two_secret_lanes_of_one_name_are_two(agent: Agent, peer: Agent) -> None:
    first, second = await make_secret(agent), await make_secret(agent)
    third = await make_secret(peer)

    assert len({first, second, third}) == 3
    assert [lane["lane"] for lane in (await agent.call("list_lanes"))["lanes"]] == sorted([first, second])


async def test_what_was_said_while_it_was_closed_stays_there_when_it_is_opened(
    project: Project, agent: Agent, peer: Agent
) -> None:
    late, lane = await project.join("late"), "room"
    await agent.call("configure_lane", lane=lane, access="private")
    await let_in(agent, lane, peer)
    await agent.call("post", to_lane=lane, body="behind the door")
    await agent.call("configure_lane", lane=lane, access="open")
    await late.call("join_lane", lane=lane)
    await agent.call("post", to_lane=lane, body="in the open")
    read_by_late = [post["body"] for post in (await late.call("read_posts", to_lane=lane))["posts"]]
    read_by_peer = [post["body"] for post in (await peer.call("read_posts", to_lane=lane))["posts"]]
    answered = await peer.call("post", reply_to=1, body="and on")

    assert read_by_late == ["in the open"]
    assert read_by_peer == ["in the open", "behind the door"]
    assert answered["post_id"] not in [post["post_id"] for post in (await late.call("read_posts"))["posts"]]
    assert ("configure_lane", {"lane": lane, "access": "open"}) in await events_of(late, type="configure_lane")


async def test_only_who_was_in_it_closes_a_lane_again(project: Project, agent: Agent, peer: Agent, lead: Agent) -> None:
    await agent.call("configure_lane", lane="room", access="private")
    await let_in(agent, "room", peer)
    await agent.call("configure_lane", lane="room", access="open")
    await lead.call("join_lane", lane="room")
    with pytest.raises(Forbidden, match="closed before: only who was in it then"):
        await lead.call("configure_lane", lane="room", access="private")
    await agent.call("configure_lane", lane="room", access="private")
    await lead.call("post", to_lane="room", body="now I am in it")
    outside = await project.join("late")

    with pytest.raises(Forbidden):
        await outside.call("join_lane", lane="room")


async def test_a_private_lane_that_nobody_is_in_any_more_is_open_again(agent: Agent, peer: Agent) -> None:
    await agent.call("configure_lane", lane="room", access="private", invite=["codex-1"])
    await agent.call("post", to_lane="room", body="behind the door")
    await agent.call("leave_lane", lane="room")
    lanes = await peer.call("list_lanes")
    await peer.call("join_lane", lane="room")
    with pytest.raises(Forbidden):
        await peer.call("configure_lane", lane="room", access="private")

    assert lanes["lanes"] == [{"lane": "room", "access": "open", "members": 0, "joined": False}]
    assert (await peer.call("read_posts"))["posts"] == []
    assert (await agent.call("read_posts"))["posts"] == []


async def test_a_secret_lane_that_nobody_is_in_any_more_is_gone(agent: Agent, peer: Agent) -> None:
    lane = await make_secret(agent)
    await agent.call("configure_lane", lane=lane, invite=["codex-1"])
    await agent.call("leave_lane", lane=lane)

    for one in (agent, peer):
        assert (await one.call("list_lanes"))["lanes"] == []
        with pytest.raises(NotFound):
            await one.call("join_lane", lane=lane)


async def test_its_maker_and_leads_in_it_change_a_lane(agent: Agent, peer: Agent, lead: Agent) -> None:
    await agent.call("configure_lane", lane="room", access="private")
    await let_in(agent, "room", peer)
    with pytest.raises(Forbidden, match="only who made lane 'room', or a lead who is in it, may"):
        await peer.call("configure_lane", lane="room", access="open")
    with pytest.raises(Forbidden, match="may take others out of it"):
        await peer.call("configure_lane", lane="room", remove=["claude-1"])
    with pytest.raises(Forbidden, match="'room' is private and you are not in it"):
        await lead.call("configure_lane", lane="room", access="open")
    await let_in(peer, "room", lead)
    described = await lead.call("configure_lane", lane="room", description="Quiet.")
    removed = await lead.call("configure_lane", lane="room", remove=["claude-1"])

    assert described == {"lane": "room", "access": "private"}
    assert removed == {"lane": "room", "access": "private", "removed": [agent.actor]}
    with pytest.raises(Forbidden):
        await agent.call("post", to_lane="room", body="I made it.")


async def test_a_lane_that_others_use_is_closed_by_a_lead_who_is_in_it(agent: Agent, peer: Agent, lead: Agent) -> None:
    await peer.call("register", lane="backend", status="Here.")
    await agent.call("post", to_lane="docs", body="Look.")
    for lane in ("backend", "docs"):
        with pytest.raises(Forbidden, match="others use it"):
            await agent.call("configure_lane", lane=lane, access="private")
    with pytest.raises(Forbidden, match="others use it"):
        await lead.call("configure_lane", lane="backend", access="private")
    await lead.call("join_lane", lane="backend")
    await lead.call("configure_lane", lane="backend", access="private")
    seen = {
        one.actor: next(a for a in (await one.call("who_is_active"))["active"] if a["actor"] == peer.actor)
        for one in (agent, peer)
    }

    assert await peer.call("post", to_lane="backend", body="Still in it.")
    assert "lane" not in seen[agent.actor]
    assert "status" not in seen[agent.actor]
    assert (seen[peer.actor]["lane"], seen[peer.actor]["status"]) == ("backend", "Here.")


async def test_a_secret_lane_stays_secret(agent: Agent) -> None:
    lane = await make_secret(agent)
    same = await agent.call("configure_lane", lane=lane, access="secret")

    assert same == {"lane": lane, "access": "secret"}
    for access in ("open", "private"):
        with pytest.raises(Conflict, match="stays secret"):
            await agent.call("configure_lane", lane=lane, access=access)


async def test_nobody_is_invited_to_an_open_lane(agent: Agent, peer: Agent) -> None:
    assert peer.actor
    with pytest.raises(Conflict, match="this lane is open"):
        await agent.call("configure_lane", lane="docs", invite=["codex-1"])


@pytest.mark.parametrize("lane", ["@7", "x" * 58])
async def test_some_names_are_no_closed_lanes(agent: Agent, lane: str) -> None:
    with pytest.raises(InvalidArguments, match="lane: "):
        await agent.call("configure_lane", lane=lane, access="private" if lane == "@7" else "secret")
