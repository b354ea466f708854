"""Handoffs: posts to several, with a kind, and questions that are answered."""

from __future__ import annotations

from typing import Any

import pytest

from domain.racing import ledger
from signalbox.errors import Conflict, InvalidArguments, NotFound
from support import Agent, Project


async def inbox(agent: Agent, **filters: Any) -> list[int]:
    """The ids that wait for an agent, newest first."""
    found = await agent.call("read_posts", to_me=True, unacked_only=True, **filters)
    return [post["post_id"] for post in found["posts"]]


async def read(agent: Agent, post_id: int = 1) -> dict[str, Any]:
    post: dict[str, Any] = (await agent.call("read_posts", post_id=post_id))["posts"][0]
    return post


async def team(project: Project, *names: str, **lanes: str) -> list[Agent]:
    return [await project.join(name, lane=lanes.get(name)) for name in names]


async def test_a_post_to_several_reaches_each_of_them_once(project: Project) -> None:
    author, a, b, c, d = await team(project, "author", "a", "b", "c", "d", a="review", b="docs", author="docs")
    await a.call("register", lane="docs")

    await author.call("post", to_lanes=["review", "docs"], to_actors=["b", "c", c.actor, "B"], body="Look.")

    assert [await inbox(agent) for agent in (author, a, b, c, d)] == [[], [1], [1], [1], []]
    assert await read(d) | {"created_at": None} == {
        "post_id": 1,
        "from": author.actor,
        "to_lane": "review",
        "to_lanes": ["review", "docs"],
        "to_actor": b.actor,
        "to_actors": [b.actor, c.actor],
        "body": "Look.",
        "created_at": None,
        "acked": False,
    }


async def test_one_name_in_a_list_is_like_the_name_alone(project: Project) -> None:
    author, a, b = await team(project, "author", "a", "b", b="docs")

    await author.call("post", to_lanes=["docs", "docs"], to_actors=["a"], body="Look.")
    await author.call("post", to_lane="docs", to_actor="a", to_lanes=["docs"], body="Look.")
    await author.call("post", to_actors=["a", a.actor], body="Look.")

    first, second, third = [await read(author, post_id) for post_id in (1, 2, 3)]
    assert (first["to_lane"], first["to_actor"]) == (second["to_lane"], second["to_actor"]) == ("docs", a.actor)
    assert not {"to_lanes", "to_actors"} & (first.keys() | second.keys() | third.keys())
    assert [await inbox(agent) for agent in (a, b)] == [[3, 2, 1], [2, 1]]


async def test_a_post_to_all_reaches_everybody_but_its_author(project: Project) -> None:
    author, a, gone = await team(project, "author", "a", "gone")
    async with project.database.connection() as connection:
        await connection.execute(
            "update participations set removed_at = now() where participation_id = $1",
            (await gone.principal()).participation_id,
        )

    await author.call("post", to_all=True, body="We are live.")
    late = await project.join("late")

    status = await author.call("post_status", post_id=1)
    assert {one["actor"] for one in status["receipts"]} == {project.handle, a.actor}
    assert [await inbox(agent) for agent in (author, a, late)] == [[], [1], []]
    assert (await read(a))["to_all"] is True
    assert not {"to_lane", "to_actor"} & (await read(a)).keys()


async def test_a_post_to_all_and_a_lane_waits_for_who_joins_that_too(project: Project) -> None:
    author, a = await team(project, "author", "a")
    await author.call("post", to_all=True, to_lane="docs", body="Look.")
    late = await project.join("late")

    await late.call("register", lane="docs")

    assert [await inbox(agent) for agent in (author, a, late)] == [[], [1], [1]]


async def test_a_lane_nobody_is_in_keeps_a_post_to_several_for_who_joins(project: Project) -> None:
    author, a, b = await team(project, "author", "a", "b")
    await author.call("post", to_lanes=["review", "docs", "ops"], body="Look.")
    await a.call("register", lane="ops")
    await a.call("ack", post_id=1)
    await author.call("post", to_lanes=["review", "docs"], body="Look again.")

    await b.call("register", lane="docs")

    assert await inbox(b) == [2]
    assert await inbox(b, to_lane="review") == [2]


async def test_a_post_to_several_lanes_is_read_in_each(project: Project) -> None:
    author, a, b = await team(project, "author", "a", "b", a="review", b="docs")
    await author.call("post", to_lane="docs", body="One.", tag="t")
    await author.call("post", to_lanes=["review", "docs"], body="Two.", tag="t", ref="r")
    await author.call("post", to_lane="review", body="Three.", tag="t")
    await author.call("post", to_lanes=["docs", "review"], body="Four.", kind="note")

    async def ids(caller: Agent, **filters: Any) -> list[int]:
        return [post["post_id"] for post in (await caller.call("read_posts", **filters))["posts"]]

    for caller in (author, a, b):
        assert await ids(caller, to_lane="docs") == [4, 2, 1]
        assert await ids(caller, to_lane="review") == [4, 3, 2]
        assert await ids(caller, to_lane="docs", tag="t") == [2, 1]
        assert await ids(caller, to_lane="docs", ref="r") == [2]
        assert await ids(caller, to_lane="docs", kind="note") == [4]
        assert await ids(caller, to_lane="docs", unacked_only=True) == [4, 2, 1]
        assert await ids(caller, to_lane="docs", before=4, limit=1) == [2]
        assert await ids(caller, thread=2, to_lane="docs") == [2]
    assert await ids(b, to_me=True, to_lane="review") == [4, 2]
    assert await ids(b, to_me=True, to_lane="docs", tag="t") == [2, 1]
    await b.call("ack", post_ids=[2, 4])
    assert await ids(author, to_lane="docs", unacked_only=True) == [1]
    assert await ids(a, to_lane="docs", unacked_only=True) == [4, 2, 1]  # they wait for a


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"to_lanes": []}, "to_lanes"),
        ({"to_actors": ["x"] * 21}, "to_actors"),
        ({"to_lane": "docs", "ack_within_seconds": 0}, "ack_within_seconds"),
        ({"to_lane": "docs", "expires_in_seconds": 2_592_001}, "expires_in_seconds"),
        ({"to_lane": "docs", "kind": "order"}, "kind"),
        ({"to_all": False}, "to_lane or to_actor is required"),
    ],
)
async def test_what_does_not_go_together_is_refused(agent: Agent, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArguments, match=words):
        await agent.call("post", body="Look.", **arguments)


async def test_of_several_names_each_must_be_somebodys(project: Project) -> None:
    author, a = await team(project, "author", "a")

    with pytest.raises(NotFound, match="no participant 'nobody'"):
        await author.call("post", to_actors=["a", "nobody"], body="Look.")

    assert await inbox(a) == []
    assert await ledger(author, type="post") == []


async def test_the_event_says_to_whom_of_what_kind_and_until_when(project: Project) -> None:
    author, a, b = await team(project, "author", "a", "b")
    posted = await author.call(
        "post", to_lanes=["x", "y"], to_actors=["a", "b"], body="Look.", kind="handoff", urgency="now",
        ack_within_seconds=60, expires_in_seconds=120,
    )  # fmt: skip
    await author.call("post", to_all=True, body="All.")

    first, second = [event["payload"] for event in await ledger(author, type="post")]
    seen = await read(a)
    assert first == {
        "post_id": 1,
        "to_lane": "x",
        "to_lanes": ["x", "y"],
        "to_actor": a.actor,
        "to_actors": [a.actor, b.actor],
        "kind": "handoff",
        "urgency": "now",
        "due_at": first["due_at"],
        "expires_at": first["expires_at"],
    }
    assert second == {"post_id": 2, "to_all": True}
    assert (seen["kind"], seen["urgency"]) == ("handoff", "now")
    assert posted["created_at"] < seen["due_at"] < seen["expires_at"]


async def test_a_reply_to_ones_own_post_goes_to_all_that_one_went_to(project: Project) -> None:
    author, a, b, c = await team(project, "author", "a", "b", "c", c="docs")
    await author.call("post", to_lanes=["review", "docs"], to_actors=["a", "b"], body="Look.")
    await author.call("post", to_all=True, body="All.")

    several = await author.call("post", reply_to=1, body="And here.")
    everybody = await author.call("post", reply_to=2, body="Again.")

    assert (several["to_lanes"], several["to_actors"]) == (["review", "docs"], [a.actor, b.actor])
    assert everybody["to_all"] is True
    assert [await inbox(agent) for agent in (a, b, c)] == [[4, 3, 2, 1]] * 3


async def test_posts_are_found_by_their_kind(project: Project) -> None:
    author, a = await team(project, "author", "a", a="docs")
    for kind in ("question", "note", None, "question"):
        await author.call("post", to_lane="docs", body="Well?", kind=kind, tag="t")
    await author.call("post", to_lane="review", body="Well?", kind="question")
    await a.call("ack", post_id=1)

    async def ids(caller: Agent, **filters: Any) -> list[int]:
        return [post["post_id"] for post in (await caller.call("read_posts", kind="question", **filters))["posts"]]

    assert await ids(a) == [5, 4, 1]
    assert await ids(a, to_me=True) == [4, 1]
    assert await ids(a, to_me=True, unacked_only=True) == [4]
    assert await ids(author, unacked_only=True) == [5, 4]
    assert await ids(author, to_lane="docs") == [4, 1]
    assert await ids(author, to_lane="docs", unacked_only=True) == [4]
    assert await ids(author, tag="t") == [4, 1]
    assert await ids(author, thread=4) == [4]


async def test_a_recipients_reply_to_a_question_acks_it_and_its_event_says_both(agent: Agent, peer: Agent) -> None:
    await agent.call("post", to_actor=peer.actor, body="Shall we?", kind="question")

    posted = await peer.call("post", reply_to=1, body="Yes.")

    *_, event = await ledger(agent, type="post")
    (receipt,) = (await agent.call("post_status", post_id=1))["receipts"]
    assert (posted["answers"], event["payload"]["answers"]) == (1, 1)
    assert await inbox(peer) == []
    assert (receipt["state"], receipt["outcome"], receipt["answer_id"]) == ("acked", "done", 2)
    assert receipt["acked_at"] == event["ts"]
    assert await ledger(agent, type="ack") == []
    assert (await read(agent))["acked"] is True


async def test_an_answer_by_who_was_not_asked_answers_too_and_a_mere_reply_does_not(project: Project) -> None:
    author, asked, other = await team(project, "author", "asked", "other", asked="docs")
    await author.call("post", to_lane="docs", body="Shall we?", kind="question")

    mere = await other.call("post", reply_to=1, body="Hm.")
    before = (await read(author))["acked"]
    answer = await other.call("post", reply_to=1, body="Yes.", kind="answer")
    again = await other.call("post", reply_to=1, body="Yes, yes.", kind="answer")

    assert ("answers" in mere, before) == (False, False)
    assert (answer["answers"], "answers" in again) == (1, False)
    assert (await read(author))["acked"] is True
    assert await inbox(asked) == [1]  # what it has to say is still wanted


async def test_a_question_in_return_is_no_answer(agent: Agent, peer: Agent) -> None:
    await agent.call("post", to_actor=peer.actor, body="Shall we?", kind="question")

    posted = await peer.call("post", reply_to=1, body="Why?", kind="question")

    assert "answers" not in posted
    assert await inbox(peer) == [1]


async def test_a_reply_to_what_is_no_question_acks_nothing(agent: Agent, peer: Agent) -> None:
    await agent.call("post", to_actor=peer.actor, body="Take this.", kind="handoff")

    posted = await peer.call("post", reply_to=1, body="Thanks.", kind="answer")

    assert "answers" not in posted
    assert await inbox(peer) == [1]


async def test_a_repeated_post_to_several_is_one(project: Project) -> None:
    author, a, _b = await team(project, "author", "a", "b")
    call = {"to_actors": ["a", "b"], "body": "Look.", "ack_within_seconds": 60, "idempotency_key": "k"}

    first, again = [await author.call("post", **call) for _ in range(2)]

    assert first == again
    assert await inbox(a) == [1]
    with pytest.raises(Conflict, match="other arguments"):
        await author.call("post", **call | {"ack_within_seconds": 61})
