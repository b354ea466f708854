"""Sync: what one call sends, acknowledges, receives and waits for; and that a lost answer loses nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from domain.racing import ledger
from domain.test_posts import inbox
from domain.waiting import answer_of, until_parked
from signalbox.db.pool import Database
from signalbox.errors import InvalidArguments, NotFound, ScopeTooNarrow, Unauthenticated
from signalbox.identity import Scope
from support import Agent, Project


def bodies(answer: dict[str, Any]) -> list[str]:
    return [post["body"] for post in answer["posts"]]


async def said(author: Agent, *texts: str, **address: Any) -> None:
    for text in texts:
        await author.call("post", body=text, **address)


async def test_one_call_sends_acknowledges_and_receives(agent: Agent, peer: Agent) -> None:
    await said(peer, "One.", "Two.", to_actor=agent.actor)

    answer = await agent.call(
        "sync",
        posts=[{"to_actor": peer.actor, "body": "Mine."}, {"reply_to": 2, "body": "Yours."}],
        ack_through=1,
    )

    assert [one["post_id"] for one in answer["posted"]] == [3, 4]
    assert answer["posted"][1]["to_actor"] == peer.actor
    assert answer["acked"]["post_ids"] == [1]
    assert bodies(answer) == ["Two."]
    assert answer["cursor"] == (await ledger(agent))[-1]["id"]
    assert bodies(await peer.call("sync")) == ["Mine.", "Yours."]


async def test_posts_are_sent_in_their_order(agent: Agent, peer: Agent) -> None:
    answer = await agent.call("sync", posts=[{"to_actor": peer.actor, "body": f"{number}"} for number in range(20)])

    assert [one["post_id"] for one in answer["posted"]] == list(range(1, 21))
    assert bodies(await peer.call("sync", limit=100)) == [f"{number}" for number in range(20)]


async def test_an_item_that_is_refused_undoes_none_of_its_neighbours(agent: Agent, peer: Agent) -> None:
    await said(peer, "Look.", to_actor=agent.actor)

    answer = await agent.call(
        "sync",
        posts=[
            {"to_actor": peer.actor, "body": "One."},
            {"to_actor": "nobody", "body": "Two."},
            {"to_actor": peer.actor, "body": "Three."},
        ],
        ack_through=1,
        wait_seconds=50,  # but somebody must hear of the refusal
    )

    assert [one.get("post_id") for one in answer["posted"]] == [2, None, 3]
    assert answer["posted"][1]["error"]["code"] == "not_found"
    assert answer["acked"]["post_ids"] == [1]
    assert await inbox(peer) == [3, 2]


async def test_a_post_that_cannot_be_one_is_refused_before_anything_is_done(agent: Agent, peer: Agent) -> None:
    with pytest.raises(InvalidArguments, match=r"posts\.1\.body is required"):
        await agent.call("sync", posts=[{"to_actor": peer.actor, "body": "One."}, {"to_actor": peer.actor}])

    assert await inbox(peer) == []


async def test_a_repeated_call_sends_posts_with_a_key_once(agent: Agent, peer: Agent) -> None:
    posts = [{"to_actor": peer.actor, "body": "One.", "idempotency_key": "a"}, {"to_actor": peer.actor, "body": "Two."}]

    first, second = [await agent.call("sync", posts=posts) for _ in range(2)]

    assert [one["post_id"] for one in first["posted"]] == [1, 2]
    assert [one["post_id"] for one in second["posted"]] == [1, 3]


async def test_what_was_received_comes_again_until_the_caller_says_that_it_has_it(agent: Agent, peer: Agent) -> None:
    """An answer that was lost on the way is asked for again with the same arguments, or with none."""
    await said(peer, "One.", "Two.", to_actor=agent.actor)
    lost = await agent.call("sync")
    again = await agent.call("sync")
    await said(peer, "Three.", to_actor=agent.actor)

    taken = await agent.call("sync", after=again["cursor"])
    repeated = await agent.call("sync")  # the server has kept what it was told
    after_all = await agent.call("sync", after=taken["cursor"])

    assert lost == again
    assert [bodies(one) for one in (lost, taken, repeated, after_all)] == [["One.", "Two."], ["Three."], ["Three."], []]


async def test_an_ack_says_so_too(agent: Agent, peer: Agent) -> None:
    await said(peer, "One.", "Two.", to_actor=agent.actor)

    assert bodies(await agent.call("sync", ack_through=1)) == ["Two."]
    assert bodies(await agent.call("sync", ack_through=2)) == []


async def test_pages_follow_one_another_and_say_that_there_is_more(agent: Agent, peer: Agent) -> None:
    await said(peer, *"abcde", to_actor=agent.actor)

    pages = [await agent.call("sync", limit=2)]
    while pages[-1].get("more"):
        pages.append(await agent.call("sync", limit=2, after=pages[-1]["cursor"]))

    assert [bodies(page) for page in pages] == [["a", "b"], ["c", "d"], ["e"]]


async def test_a_cursor_can_be_set_back_and_what_came_since_comes_again(agent: Agent, peer: Agent) -> None:
    await said(peer, "One.", "Two.", to_actor=agent.actor)
    (_, second) = await ledger(agent, type="post")
    received = await agent.call("sync")
    await agent.call("sync", after=received["cursor"])

    at = await agent.call("reset_cursor", to=second["id"] - 1)
    from_there = await agent.call("sync")
    await agent.call("reset_cursor", to=0)
    from_the_start = await agent.call("sync")
    beyond = await agent.call("reset_cursor", to=10**9)

    assert at == {"cursor": second["id"] - 1}
    assert [bodies(from_there), bodies(from_the_start)] == [["Two."], ["One.", "Two."]]
    assert beyond["cursor"] == (await ledger(agent))[-1]["id"]


@pytest.mark.parametrize("place", [{"lane": "review"}, {"thread": 2}])
async def test_a_lane_and_a_thread_are_read_with_cursors_of_their_own(
    agent: Agent, peer: Agent, place: dict[str, Any]
) -> None:
    """What others say there, whoever it is to, acked or not."""
    await said(peer, "Elsewhere.", to_lane="docs")
    await said(peer, "One.", to_lane="review")
    await agent.call("post", reply_to=2, to_lane="review", body="Mine.")
    await peer.call("post", reply_to=2, to_lanes=["docs", "review"], body="Two.")

    first = await agent.call("sync", **place, limit=1)
    second = await agent.call("sync", **place, after=first["cursor"])
    third = await agent.call("sync", **place, after=second["cursor"])

    assert [bodies(first), bodies(second), bodies(third)] == [["One."], ["Two."], []]
    assert first["more"]
    assert bodies(await agent.call("sync", thread=2 if "lane" in place else 1)) == (
        ["One.", "Two."] if "lane" in place else ["Elsewhere."]
    )


async def test_sessions_of_one_participant_read_by_cursors_of_their_own(agent: Agent, peer: Agent) -> None:
    await said(peer, "One.", to_actor=agent.actor)
    received = await agent.call("sync", session="a")

    assert bodies(await agent.call("sync", session="a", after=received["cursor"])) == []
    assert bodies(await agent.call("sync", session="b")) == bodies(await agent.call("sync")) == ["One."]


async def test_a_participant_has_a_bounded_number_of_cursors(agent: Agent, database: Database) -> None:
    who = await agent.principal()
    for number in range(45):
        await agent.call("reset_cursor", to=1, lane=f"lane-{number}")

    async with database.connection() as connection:
        await connection.execute("select set_config('signalbox.project_ids', $1, false)", str(who.project_id))
        kept = await connection.fetch("select place from sync_cursors where project_id = $1", who.project_id)

    assert {row["place"] for row in kept} == {f"lane lane-{number}" for number in range(5, 45)}


async def begun_to_wait(agent: Agent, **arguments: Any) -> asyncio.Task[dict[str, Any]]:
    waiters = agent.database.waiters
    before = waiters.parked
    call = asyncio.create_task(agent.call("sync", wait_seconds=50, **arguments))
    await until_parked(waiters, before + 1)
    return call


@pytest.mark.parametrize("place", [{}, {"lane": "review"}, {"thread": 1}])
async def test_it_waits_for_what_is_new_in_its_place(agent: Agent, peer: Agent, place: dict[str, Any]) -> None:
    await agent.call("post", to_lane="review", to_actor=peer.actor, body="Mine.")
    call = await begun_to_wait(agent, **place)

    await said(peer, "Elsewhere.", to_lane="docs")
    await peer.call("post", reply_to=1, to_lane="review", to_actor=agent.actor, body="Yours.")

    assert bodies(await answer_of(call)) == ["Yours."]


async def test_what_is_new_already_is_not_waited_for(agent: Agent, peer: Agent) -> None:
    await said(peer, "One.", to_actor=agent.actor)

    async with asyncio.timeout(10):
        assert bodies(await agent.call("sync", wait_seconds=50)) == ["One."]


async def test_a_wait_that_finds_nothing_answers_with_a_cursor(agent: Agent, peer: Agent) -> None:
    empty = await agent.call("sync")
    await said(peer, "One.", to_actor=agent.actor)

    assert empty["posts"] == []
    assert bodies(await agent.call("sync", after=empty["cursor"])) == ["One."]


async def test_what_was_received_counts_as_seen(agent: Agent, peer: Agent, database: Database) -> None:
    await said(peer, "One.", to_actor=agent.actor)
    who = await agent.principal()

    await agent.call("sync")

    marks = dict(database.marks.take(20_000))
    assert marks[who.project_id, who.participation_id, 1].seen_at is not None


async def test_a_thread_that_is_not_there_is_said_not_to_be(agent: Agent, other_project: Project) -> None:
    stranger = await other_project.join("stranger")
    await said(stranger, "Theirs.", to_lane="review")

    for call in ({"thread": 1}, {"thread": 1, "wait_seconds": 50}):
        with pytest.raises(NotFound, match="no post 1"):
            await agent.call("sync", **call)
    with pytest.raises(NotFound, match="no post 1"):
        await agent.call("reset_cursor", to=0, thread=1)
    with pytest.raises(InvalidArguments, match="two places"):
        await agent.call("sync", thread=1, lane="review")


async def test_a_token_that_ends_ends_the_call(agent: Agent, lead: Agent, peer: Agent) -> None:
    """Not as an item that was refused."""
    who = await agent.principal()
    await lead.call("admin_revoke", participant_name=agent.actor)
    agent.database.wakeups.moved(who.project_id)

    with pytest.raises(Unauthenticated):
        await agent.call("sync", posts=[{"to_actor": peer.actor, "body": "One."}])


async def test_a_token_that_may_only_read_syncs_nothing(project: Project) -> None:
    reader = await project.join("reader", scopes=frozenset({Scope.READ}))

    with pytest.raises(ScopeTooNarrow):
        await reader.call("sync")
