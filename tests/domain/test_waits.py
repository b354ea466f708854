"""Waiting: what it answers at once, what wakes it, and what it never misses or tells twice."""

from __future__ import annotations

from typing import Any

import pytest

from domain.racing import ledger
from domain.waiting import answer_of, begun, fired_by, parked
from signalbox.errors import InvalidArguments, NotFound
from support import Agent

Condition = dict[str, Any]


async def looks(agent: Agent, *conditions: Condition, **arguments: Any) -> list[dict[str, Any]]:
    """What holds now."""
    answer = await agent.call("wait", timeout_seconds=0, **{"for": list(conditions)}, **arguments)
    fired: list[dict[str, Any]] = answer["fired"]
    return fired


async def test_unread_posts_are_answered_at_once_without_their_bodies(agent: Agent, peer: Agent) -> None:
    await peer.call("post", to_actor=agent.actor, body="Look.")
    second = await peer.call("post", to_actor=agent.actor, body="Look again.")

    answer = await answer_of(begun(agent))

    assert answer == {"fired": [{"on": "post", "index": 0, "post_ids": [1, 2]}], "cursor": second["event_id"]}


async def test_a_post_that_was_acked_is_not_answered(agent: Agent, peer: Agent) -> None:
    await peer.call("post", to_actor=agent.actor, body="Look.")
    await agent.call("ack", post_id=1)

    assert await looks(agent, {"on": "post"}) == []


async def test_a_post_that_was_told_of_is_not_told_of_after_its_cursor(agent: Agent, peer: Agent) -> None:
    """It may stay unread: who waits again waits for the next one."""
    await peer.call("post", to_actor=agent.actor, body="Look.")
    cursor = (await answer_of(begun(agent)))["cursor"]

    async with parked(agent, after=cursor) as call:
        await peer.call("post", to_actor=agent.actor, body="Look again.")

        assert await fired_by(call) == [{"on": "post", "index": 0, "post_ids": [2]}]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, [1, 2, 3]),
        ({"from": "codex-1"}, [1, 3]),
        ({"lane": "review"}, [2]),
        ({"tag": "ask"}, [3]),
        ({"kind": "question"}, [3]),
        ({"from": "codex-1", "tag": "ask", "kind": "question"}, [3]),
        ({"from": "lead", "tag": "ask"}, None),
        ({"lane": "docs"}, None),
    ],
)
async def test_posts_are_waited_for_by_author_lane_tag_and_kind(
    agent: Agent, peer: Agent, lead: Agent, wanted: Condition, ids: list[int] | None
) -> None:
    await agent.call("register", lane="review")
    await peer.call("post", to_actor=agent.actor, body="One.")
    await lead.call("post", to_lane="review", body="Two.")
    await peer.call("post", to_actor=agent.actor, body="Three?", tag="ask", kind="question")

    fired = await looks(agent, {"on": "post", **wanted})

    assert [one["post_ids"] for one in fired] == ([] if ids is None else [ids])


async def test_a_wait_is_woken_by_a_post_that_fits_and_by_no_other(agent: Agent, peer: Agent, lead: Agent) -> None:
    async with parked(agent, {"on": "post", "from": lead.actor}) as call:
        await peer.call("post", to_actor=agent.actor, body="Look.")
        await lead.call("post", to_actor=peer.actor, body="Not for you.")
        posted = await lead.call("post", to_actor=agent.actor, body="For you.")

        assert await answer_of(call) == {
            "fired": [{"on": "post", "index": 0, "post_ids": [posted["post_id"]]}],
            "cursor": posted["event_id"],
        }


async def test_an_ack_is_answered_when_it_is_given(agent: Agent, peer: Agent) -> None:
    await agent.call("post", to_actor=peer.actor, body="Look.")
    await agent.call("post", to_actor=peer.actor, body="Look again.")
    acks = {"on": "ack", "post_id": 2}

    async with parked(agent, acks) as call:
        await peer.call("ack", post_id=1)
        await peer.call("ack", post_ids=[1, 2], outcome="declined")

        assert await fired_by(call) == [{"on": "ack", "index": 0, "post_id": 2}]
    assert await looks(agent, acks) == [{"on": "ack", "index": 0, "post_id": 2}]


async def test_further_acks_are_waited_for_after_the_cursor(agent: Agent, peer: Agent, lead: Agent) -> None:
    for other in (peer, lead):
        await other.call("register", lane="review")
    await agent.call("post", to_lane="review", body="Look.")
    await peer.call("ack", post_id=1)
    first = await answer_of(begun(agent, {"on": "ack", "post_id": 1}))

    async with parked(agent, {"on": "ack", "post_id": 1}, after=first["cursor"]) as call:
        await lead.call("ack", through_id=1)

        assert await fired_by(call) == [{"on": "ack", "index": 0, "post_id": 1}]


async def test_an_answer_to_a_question_is_its_ack(agent: Agent, peer: Agent) -> None:
    asked = await agent.call("post", to_actor=peer.actor, body="Which?", kind="question")
    question = {"on": "ack", "post_id": asked["post_id"]}

    async with parked(agent, question, after=asked["event_id"]) as call:
        await peer.call("post", reply_to=1, body="That one.")

        assert await fired_by(call) == [{"on": "ack", "index": 0, "post_id": 1}]


async def test_the_ack_of_a_post_that_is_not_there_is_not_waited_for(agent: Agent) -> None:
    with pytest.raises(NotFound, match="no post 7"):
        await answer_of(begun(agent, {"on": "ack", "post_id": 7}))


async def test_a_surface_is_waited_for_until_nobody_else_holds_it(agent: Agent, peer: Agent) -> None:
    await peer.call("lease", surface="src/app.py")
    await agent.call("lease", surface="src/**")
    free = {"on": "surface", "surface": "src/"}

    async with parked(agent, free) as call:
        await peer.call("release", surface="src/app.py")

        assert await fired_by(call) == [{"on": "surface", "index": 0, "surface": "src/**"}]
    assert await looks(agent, free) == [{"on": "surface", "index": 0, "surface": "src/**"}]


async def test_a_surface_becomes_free_by_time_alone(agent: Agent, peer: Agent) -> None:
    await peer.call("lease", surface="src/app.py", ttl_seconds=1)

    assert await fired_by(begun(agent, {"on": "surface", "surface": "src/app.py"})) == [
        {"on": "surface", "index": 0, "surface": "src/app.py"}
    ]


async def test_a_task_is_waited_for_until_it_can_be_taken_up(agent: Agent, lead: Agent) -> None:
    await lead.call("task_create", title="Docs", lane="docs")
    ready = {"on": "task", "lane": "backend"}

    async with parked(agent, ready) as call:
        await lead.call("task_create", title="Fix", lane="backend")

        assert await fired_by(call) == [{"on": "task", "index": 0, "task_id": 2}]
    assert await looks(agent, {"on": "task"}) == [{"on": "task", "index": 0, "task_id": 1}]


@pytest.mark.parametrize(
    ("filters", "fits"),
    [
        ({"type": "claim"}, [1, 3]),
        ({"sequence": "port"}, [3]),
        ({"actor": "codex-1"}, [2, 3]),
        ({"ref": "PR-1"}, [2]),
        ({"tag": "ask", "type": "post"}, [2]),
        ({"tag": "ask", "type": "claim"}, []),
        ({}, [1, 2, 3]),
    ],
)
async def test_events_are_waited_for_by_exact_filters(
    agent: Agent, peer: Agent, filters: Condition, fits: list[int]
) -> None:
    """Each alone wakes a wait that it fits; and all are told of after a cursor."""
    before = (await agent.call("wait", timeout_seconds=0))["cursor"]
    async with parked(agent, {"on": "event", **filters}) as call:
        await agent.call("claim", sequence="adr")
        await peer.call("post", to_actor=agent.actor, body="Look.", ref="PR-1", tag="ask")
        await peer.call("claim", sequence="port")
        woken = (await fired_by(call))[0]["seqs"][0] if fits else None

    assert woken == (before + fits[0] if fits else None)
    assert [one["seqs"] for one in await looks(agent, {"on": "event", **filters}, after=before)] == (
        [[before + number for number in fits]] if fits else []
    )


async def test_events_of_before_are_not_answered_without_a_cursor(agent: Agent) -> None:
    claimed = {"on": "event", "type": "claim"}
    await agent.call("claim", sequence="adr")

    async with parked(agent, claimed, {"on": "seq"}) as call:
        await agent.call("claim", sequence="adr")
        seq = (await ledger(agent, type="claim"))[-1]["id"]

        assert await fired_by(call) == [
            {"on": "event", "index": 0, "seqs": [seq]},
            {"on": "seq", "index": 1, "seqs": [seq]},
        ]


async def test_a_wait_ends_with_nothing_and_with_a_cursor_that_misses_nothing(agent: Agent, peer: Agent) -> None:
    ended = await agent.call("wait", timeout_seconds=0)
    posted = await peer.call("post", to_actor=agent.actor, body="Look.")
    heard = await agent.call("wait", timeout_seconds=0, after=ended["cursor"])

    assert ended["fired"] == []
    assert heard == {"fired": [{"on": "post", "index": 0, "post_ids": [1]}], "cursor": posted["event_id"]}


async def test_more_posts_than_an_answer_names_come_with_the_next(agent: Agent, peer: Agent) -> None:
    for number in range(25):
        await peer.call("post", to_actor=agent.actor, body=f"{number}")

    first = await agent.call("wait", timeout_seconds=0)
    second = await agent.call("wait", timeout_seconds=0, after=first["cursor"])

    assert [first["fired"][0]["post_ids"], second["fired"][0]["post_ids"]] == [
        list(range(1, 21)),
        list(range(21, 26)),
    ]


async def test_posts_that_reach_somebody_late_are_not_missed(agent: Agent, peer: Agent) -> None:
    """They are older than the cursor of who joins their lane."""
    await peer.call("post", to_lane="review", body="Old.")
    cursor = (await agent.call("wait", timeout_seconds=0))["cursor"]

    async with parked(agent, after=cursor) as call:
        await agent.call("register", lane="review")

        assert await fired_by(call) == [{"on": "post", "index": 0, "post_ids": [1]}]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"on": "ack"}, "for.0.ack.post_id is required"),
        ({"on": "surface"}, "for.0.surface.surface is required"),
        ({"on": "seq", "lane": "docs"}, "unknown argument 'for.0.seq.lane'"),
        ({"on": "post", "ref": "PR-1"}, "unknown argument 'for.0.post.ref'"),
        ({"on": "full moon"}, "expected tags: 'post', 'ack', 'surface', 'task', 'event', 'seq'"),
        ({}, "for.0: unable to extract tag using discriminator 'on'"),
    ],
)
async def test_a_condition_says_what_is_wrong_with_it(agent: Agent, condition: Condition, message: str) -> None:
    with pytest.raises(InvalidArguments, match=message):
        await agent.call("wait", **{"for": [condition]})
