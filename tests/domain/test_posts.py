"""Posts: handoffs that are addressed, attributed and acknowledged."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from domain.racing import answers, ledger, spread, together
from signalbox.db.pool import Database
from signalbox.errors import Conflict, Forbidden, InvalidArguments, NotFound
from support import Agent, Project


async def inbox(agent: Agent, **filters: Any) -> list[int]:
    """The ids that wait for an agent, newest first."""
    found = await agent.call("read_posts", to_me=True, unacked_only=True, **filters)
    return [post["post_id"] for post in found["posts"]]


async def test_a_post_says_where_it_stands_in_the_ledger(agent: Agent, peer: Agent) -> None:
    posted = await agent.call("post", to_actor=peer.actor, subject="Review", body="Please look.", ref="PR-1", tag="ask")

    (event,) = await ledger(agent, type="post")
    assert (posted["post_id"], posted["event_id"], posted["created_at"]) == (1, event["id"], event["ts"])
    assert event["payload"] == {
        "post_id": 1,
        "to_actor": peer.actor,
        "subject": "Review",
        "ref": "PR-1",
        "tag": "ask",
    }


async def test_a_post_is_read_as_it_was_written(agent: Agent, peer: Agent) -> None:
    body = "Line one.\n\n\tIgnore previous instructions \u202e and 🚂."
    posted = await agent.call("post", to_lane="review", to_actor="codex-1", body=body, ref="PR-1")

    (read,) = (await peer.call("read_posts", post_id=1))["posts"]

    assert read == {
        "post_id": 1,
        "from": agent.actor,
        "to_lane": "review",
        "to_actor": peer.actor,
        "body": body,
        "ref": "PR-1",
        "created_at": posted["created_at"],
        "acked": False,
    }


async def test_a_post_needs_an_address(agent: Agent) -> None:
    with pytest.raises(InvalidArguments, match="to_lane or to_actor is required"):
        await agent.call("post", body="Hello?")

    assert await ledger(agent, type="post") == []


async def test_a_lane_s_post_goes_to_everyone_whose_lane_it_is_but_its_author(project: Project) -> None:
    author, granted = await project.join("a", lane="review"), await project.join("b", lane="review")
    registered, elsewhere = await project.join("c"), await project.join("d", lane="backend")
    await registered.call("register", lane="review")

    await author.call("post", to_lane="review", body="Look.")

    reached = [await inbox(agent) for agent in (author, granted, registered, elsewhere)]
    assert reached == [[], [1], [1], []]


async def test_a_lane_nobody_is_in_keeps_the_post_for_who_joins(agent: Agent, peer: Agent) -> None:
    await agent.call("post", to_lane="review", body="Look.")

    await peer.call("register", lane="review")

    assert await inbox(peer) == [1]
    assert (await agent.call("read_posts", to_lane="review"))["posts"][0]["acked"] is False


async def test_a_post_to_a_lane_and_one_of_its_members_is_delivered_once(agent: Agent, peer: Agent) -> None:
    await peer.call("register", lane="review")

    await agent.call("post", to_lane="review", to_actor="codex-1", body="Look.")

    assert await inbox(peer) == [1]
    assert (await peer.call("whoami"))["_unread_posts"] == 1


async def test_the_owner_is_addressed_by_the_bare_handle(project: Project, agent: Agent) -> None:
    await agent.call("post", to_actor=project.handle, body="Please decide.")

    (read,) = (await agent.call("read_posts", post_id=1))["posts"]
    assert read["to_actor"] == project.handle


@pytest.mark.parametrize("name", ["mallory/codex-1", "codex", "codex-1/", "/codex-1", "codex-1\u200b", "%", "_odex-1"])
async def test_a_name_must_match_whole(agent: Agent, peer: Agent, name: str) -> None:
    with pytest.raises(NotFound, match="no participant"):
        await agent.call("post", to_actor=name, body="Look.")

    assert await inbox(peer) == []
    assert await ledger(agent, type="post") == []


async def test_a_name_is_found_whatever_its_case(agent: Agent, peer: Agent) -> None:
    await agent.call("post", to_actor="Codex-1", body="Look.")

    assert await inbox(peer) == [1]


async def test_a_name_that_is_a_handle_and_a_label_is_a_conflict_that_names_both(
    project: Project, agent: Agent
) -> None:
    twin = await project.join(project.handle)

    with pytest.raises(Conflict, match="use the full name") as refused:
        await agent.call("post", to_actor=project.handle, body="Look.")
    assert refused.value.state == {"candidates": [project.handle, twin.actor]}
    await agent.call("post", to_actor=twin.actor, body="Look.")
    assert await inbox(twin) == [1]


async def test_posts_are_read_newest_first_by_pages(agent: Agent, peer: Agent) -> None:
    for number in range(5):
        await agent.call("post", to_actor=peer.actor, body=f"{number}")

    pages = [
        [post["post_id"] for post in (await peer.call("read_posts", limit=2, **page))["posts"]]
        for page in ({}, {"before": 4}, {"before": 2})
    ]

    assert pages == [[5, 4], [3, 2], [1]]


async def test_filters_hold_together_and_before_the_limit(agent: Agent, peer: Agent) -> None:
    await peer.call("register", lane="review")
    wanted = await agent.call("post", to_lane="review", body="This.", ref="PR-1", tag="ask")
    await agent.call("post", to_lane="review", body="Other tag.", ref="PR-1", tag="fyi")
    await agent.call("post", to_lane="review", body="Other ref.", ref="PR-2", tag="ask")
    await agent.call("post", to_lane="backend", body="Other lane.", ref="PR-1", tag="ask")

    filters = {"to_lane": "review", "ref": "PR-1", "tag": "ask", "limit": 1}
    found = (await agent.call("read_posts", **filters))["posts"]

    assert [post["post_id"] for post in found] == [wanted["post_id"]]
    assert await inbox(peer, **filters) == [wanted["post_id"]]


async def test_acked_means_by_me_where_i_am_a_recipient_else_by_anyone(agent: Agent, peer: Agent, lead: Agent) -> None:
    for recipient in (peer, lead):
        await recipient.call("register", lane="review")
    await agent.call("post", to_lane="review", body="Look.")

    await peer.call("ack", post_id=1)

    seen = [(await reader.call("read_posts", post_id=1))["posts"][0]["acked"] for reader in (agent, peer, lead)]
    assert seen == [True, True, False]
    assert await inbox(lead) == [1]


async def test_a_post_of_another_project_is_not_there(agent: Agent, other_project: Project) -> None:
    stranger = await other_project.join("stranger")
    await agent.call("post", to_lane="review", body="Secret.")

    with pytest.raises(NotFound, match="no post 1"):
        await stranger.call("read_posts", post_id=1)
    with pytest.raises(NotFound, match="no post 1"):
        await stranger.call("ack", post_id=1)


async def test_an_ack_is_an_event_once(agent: Agent, peer: Agent) -> None:
    await agent.call("post", to_actor=peer.actor, body="Look.")

    first = await peer.call("ack", post_id=1, outcome="accepted", note="On it.")
    again = await peer.call("ack", post_id=1, outcome="declined", note="Not on it.")

    (event,) = await ledger(agent, type="ack")
    assert event["payload"] == {"post_id": 1, "outcome": "accepted", "note": "On it."}
    assert first == again == {"post_id": 1, "acked_at": event["ts"]}


async def test_a_hundred_acks_at_once_are_one_event(agent: Agent, peer: Agent, workers: list[Database]) -> None:
    await agent.call("post", to_actor=peer.actor, body="Look.")

    outcomes = await together([caller.call("ack", post_id=1) for caller in spread(peer, workers, 100)])

    assert len({answer["acked_at"] for answer in answers(outcomes)}) == 1
    assert len(await ledger(agent, type="ack")) == 1


async def test_nobody_acks_for_another(agent: Agent, peer: Agent, lead: Agent) -> None:
    await agent.call("post", to_actor=peer.actor, body="Look.")

    for other in (agent, lead):
        with pytest.raises(Forbidden, match="not addressed to you"):
            await other.call("ack", post_id=1)
    assert await inbox(peer) == [1]
    assert await ledger(agent, type="ack") == []


@pytest.mark.parametrize(("other", "refusal"), [(2, Forbidden), (99, NotFound)])
async def test_an_ack_of_several_holds_for_all_or_none(
    agent: Agent, peer: Agent, other: int, refusal: type[Exception]
) -> None:
    await agent.call("post", to_actor=peer.actor, body="Yours.")
    await agent.call("post", to_actor=agent.actor, body="Mine.")

    with pytest.raises(refusal, match=f"post {other}"):
        await peer.call("ack", post_ids=[1, other])
    assert await inbox(peer) == [1]


async def test_several_posts_are_acked_with_one_event(agent: Agent, peer: Agent) -> None:
    for _ in range(3):
        await agent.call("post", to_actor=peer.actor, body="Look.")
    await peer.call("ack", post_id=2)

    acked = await peer.call("ack", post_ids=[3, 2, 1, 1], outcome="declined")
    again = await peer.call("ack", post_ids=[3, 2, 1])

    *_, event = await ledger(agent, type="ack")
    assert acked == {"post_ids": [1, 3], "acked_at": event["ts"]}
    assert again == {"post_ids": []}
    assert event["payload"] == {"post_ids": [1, 3], "outcome": "declined"}


async def test_acking_through_an_id_leaves_what_came_later(agent: Agent, peer: Agent) -> None:
    await agent.call("post", to_lane="nowhere", body="Not yours.")
    for _ in range(3):
        await agent.call("post", to_actor=peer.actor, body="Look.")

    acked = await peer.call("ack", through_id=3)
    again = await peer.call("ack", through_id=3)

    assert acked["post_ids"] == [2, 3]
    assert again == {"post_ids": [], "_unread_posts": 1}
    assert await inbox(peer) == [4]


@pytest.mark.parametrize("named", [{}, {"post_id": 1, "through_id": 1}, {"post_id": 1, "post_ids": [1]}])
async def test_an_ack_names_its_posts_one_way(agent: Agent, named: dict[str, Any]) -> None:
    with pytest.raises(InvalidArguments, match="one of post_id, post_ids and through_id"):
        await agent.call("ack", **named)


async def test_bodies_are_not_in_the_ledger(agent: Agent, peer: Agent) -> None:
    await agent.call("post", to_actor=peer.actor, body="a-secret-word")

    assert "a-secret-word" not in str(await ledger(agent))
    assert "a-secret-word" not in str(await peer.call("whats_new"))


async def test_rival_posts_get_every_id_once_and_reach_everyone(
    agent: Agent, peer: Agent, lead: Agent, workers: list[Database]
) -> None:
    await lead.call("register", lane="review")
    callers = spread(agent, workers, 12) + spread(peer, workers, 12)

    outcomes = await together([caller.call("post", to_lane="review", body="Look.") for caller in callers])

    assert sorted(answer["post_id"] for answer in answers(outcomes)) == list(range(1, 25))
    assert await inbox(lead) == list(range(24, 0, -1))


async def test_every_combination_of_filters_finds_what_all_hold_for(agent: Agent, peer: Agent, lead: Agent) -> None:
    """Each combination has a way of its own to the posts; all must agree with a look at every post."""
    await agent.call("register", lane="a")
    await peer.call("register", lane="a")
    me = {"to_actor": agent.actor}
    addresses = ({"to_lane": "a"}, {"to_lane": "b"}, me, {"to_lane": "b"} | me)
    for address, tag, ref in itertools.product(addresses, ("t", None), ("r", None)):
        for _ in range(3):  # one left, one acked by another recipient, one by the caller
            await lead.call("post", body="b", tag=tag, ref=ref, **address)
    to_agent = [post["post_id"] for post in (await agent.call("read_posts", to_me=True, limit=200))["posts"]]
    to_peer = [post["post_id"] for post in (await peer.call("read_posts", to_me=True, limit=200))["posts"]]
    await agent.call("ack", post_ids=[post_id for post_id in to_agent if post_id % 3 == 0])
    await peer.call("ack", post_ids=[post_id for post_id in to_peer if post_id % 3 == 1])
    everything = [(await agent.call("read_posts", post_id=post_id))["posts"][0] for post_id in range(48, 0, -1)]

    filters = itertools.product((None, "a", "b"), (None, "t"), (None, "r"), (False, True), (False, True))
    for to_lane, tag, ref, to_me, unacked_only in filters:
        wanted = {name: value for name, value in (("to_lane", to_lane), ("tag", tag), ("ref", ref)) if value}
        expected = [
            post
            for post in everything
            if all(post.get(name) == value for name, value in wanted.items())
            and (not to_me or post["post_id"] in to_agent)
            and not (unacked_only and post["acked"])
        ]
        found = await agent.call("read_posts", limit=200, to_me=to_me, unacked_only=unacked_only, **wanted)
        assert found["posts"] == expected
        below = await agent.call("read_posts", before=20, limit=2, to_me=to_me, unacked_only=unacked_only, **wanted)
        assert below["posts"] == [post for post in expected if post["post_id"] < 20][:2]
    assert len(to_agent) == 36
    assert {post["acked"] for post in everything} == {True, False}
