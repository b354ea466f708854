"""Threads: posts that answer posts, and what became of each one at every recipient."""

from __future__ import annotations

from typing import Any

import pytest

from domain.looking import looking, remove
from domain.racing import ledger
from signalbox.domain import posts, threads
from signalbox.domain.posts import AckArgs, PostArgs
from signalbox.domain.threads import Thread, ThreadArgs
from signalbox.errors import Conflict, NotFound
from support import Agent, Project


async def read(project: Project, **arguments: Any) -> Thread:
    """Read a thread as the project's owner."""
    async with looking(project.database, project.project_id) as page:
        return await threads.thread(page, project.owner, ThreadArgs(**arguments))


async def unread(agent: Agent) -> list[int]:
    found = await agent.call("read_posts", to_me=True, unacked_only=True)
    return [post["post_id"] for post in found["posts"]]


async def test_a_reply_belongs_to_the_thread_of_what_it_answers(agent: Agent, peer: Agent) -> None:
    await agent.call("post", to_actor=peer.actor, body="Shall we?")
    await peer.call("post", reply_to=1, body="Why?")
    await agent.call("post", reply_to=2, body="Because.")

    found = await agent.call("read_posts")

    assert [(post.get("reply_to"), post.get("thread_id")) for post in found["posts"]] == [(2, 1), (1, 1), (None, None)]


async def test_a_reply_without_an_address_goes_to_the_author(agent: Agent, peer: Agent) -> None:
    await agent.call("post", to_actor=peer.actor, body="Shall we?")

    posted = await peer.call("post", reply_to=1, body="Yes.")

    assert posted == {
        "post_id": 2,
        "event_id": posted["event_id"],
        "created_at": posted["created_at"],
        "thread_id": 1,
        "to_actor": agent.actor,
        "_unread_posts": 1,
    }
    assert await unread(agent) == [2]


async def test_a_reply_to_one_s_own_post_goes_where_that_one_went(project: Project) -> None:
    author, named, member = await project.join("a"), await project.join("b"), await project.join("c", lane="review")
    await author.call("post", to_lane="review", to_actor=named.actor, body="Look.")

    posted = await author.call("post", reply_to=1, body="And here.")

    assert (posted["to_lane"], posted["to_actor"]) == ("review", named.actor)
    assert [await unread(agent) for agent in (author, named, member)] == [[], [2, 1], [2, 1]]


async def test_a_reply_to_one_s_own_post_to_the_owner_goes_to_the_owner_whoever_has_that_label(
    project: Project, agent: Agent
) -> None:
    namesake = await project.join(project.handle)
    async with looking(project.database, project.project_id) as page:
        await posts.post(page, project.owner, PostArgs(to_actor=agent.actor, body="Well?"))
    await agent.call("post", reply_to=1, body="Done.")

    posted = await agent.call("post", reply_to=2, body="Really done.")

    assert posted["to_actor"] == project.handle
    assert await unread(namesake) == []


async def test_a_reply_with_an_address_goes_there_and_nowhere_else(project: Project, agent: Agent, peer: Agent) -> None:
    third = await project.join("third")
    await agent.call("post", to_actor=peer.actor, body="Shall we?")

    posted = await peer.call("post", reply_to=1, to_actor=third.actor, body="What do you say?")

    assert "to_actor" not in posted
    assert [await unread(agent), await unread(third)] == [[], [2]]


async def test_the_event_of_a_reply_names_its_thread(agent: Agent, peer: Agent) -> None:
    await agent.call("post", to_actor=peer.actor, body="Shall we?")
    await peer.call("post", reply_to=1, body="Yes.")
    await agent.call("post", reply_to=2, body="Good.")

    first, *replies = [event["payload"] for event in await ledger(agent, type="post")]

    assert not {"reply_to", "thread_id"} & first.keys()
    assert [(reply["reply_to"], reply["thread_id"]) for reply in replies] == [(1, 1), (2, 1)]


async def test_a_reply_to_what_is_not_there_is_not_found_and_leaves_nothing(
    agent: Agent, peer: Agent, other_project: Project
) -> None:
    stranger = await other_project.join("stranger")
    await stranger.call("post", to_lane="review", body="Elsewhere.")

    for arguments in ({}, {"to_actor": peer.actor}):
        with pytest.raises(NotFound, match="no post 1 in this project"):
            await agent.call("post", reply_to=1, body="Yes.", **arguments)

    assert await ledger(agent, type="post") == []


async def test_an_author_who_has_left_gets_no_reply(
    project: Project, lead: Agent, peer: Agent, database_url: str
) -> None:
    await peer.call("post", to_actor=lead.actor, body="Bye.")
    await remove(database_url, peer)

    with pytest.raises(
        Conflict, match=f"{peer.actor}, who wrote post 1, is not in this project any more: name to_lane"
    ):
        await lead.call("post", reply_to=1, body="Wait!")

    assert (await lead.call("post", reply_to=1, to_lane="review", body="Who takes over?"))["thread_id"] == 1
    assert (await read(project, post_id=1)).posts[0].from_ == peer.actor


async def test_a_thread_is_read_by_any_of_its_posts(agent: Agent, peer: Agent) -> None:
    await agent.call("post", to_actor=peer.actor, body="One.", tag="ask")
    await agent.call("post", to_actor=peer.actor, body="Another matter.")
    await peer.call("post", reply_to=1, body="Two.")
    await peer.call("ack", post_id=1)

    async def ids(caller: Agent, **filters: Any) -> list[int]:
        return [post["post_id"] for post in (await caller.call("read_posts", **filters))["posts"]]

    assert [await ids(peer, thread=one) for one in (1, 2, 3, 4)] == [[3, 1], [2], [3, 1], []]
    assert await ids(peer, thread=3, tag="ask") == [1]
    assert await ids(peer, thread=3, to_me=True) == [1]
    assert await ids(agent, thread=1, to_me=True, unacked_only=True) == [3]
    assert await ids(peer, thread=1, before=3) == [1]
    assert await ids(peer, thread=1, ref="PR-1") == []


async def test_a_page_of_a_thread_shows_every_delivery(project: Project, agent: Agent, peer: Agent) -> None:
    member = await project.join("member", lane="review")
    await agent.call("post", to_lane="review", to_actor=peer.actor, subject="S", body="One.", ref="PR-1")
    await peer.call("ack", post_id=1, outcome="declined", note="No time.")
    await member.call("post", reply_to=1, body="I will.")

    first, second = (await read(project, post_id=2)).posts

    assert [(one.actor, one.state, one.outcome, one.note) for one in first.deliveries] == [
        (peer.actor, "declined", "declined", "No time."),
        (member.actor, "queued", None, None),
    ]
    assert first.deliveries[0].acked_at is not None
    assert (first.event_id, first.subject, first.ref, first.to_me, first.acked) == (1 + 3, "S", "PR-1", False, True)
    assert (second.reply_to, second.thread_id, second.acked, second.more_deliveries) == (1, 1, False, 0)


async def test_a_page_of_a_thread_says_what_waits_for_the_reader(project: Project, agent: Agent, peer: Agent) -> None:
    async with looking(project.database, project.project_id) as page:
        await posts.post(page, project.owner, PostArgs(to_actor=agent.actor, body="Well?"))
        await agent.call("post", reply_to=1, body="Done.")
        await agent.call("post", reply_to=1, to_actor=peer.actor, body="He asks.")
        before = await threads.thread(page, project.owner, ThreadArgs(post_id=1))
        await posts.ack(page, project.owner, AckArgs(post_id=2))
        after = await threads.thread(page, project.owner, ThreadArgs(post_id=1))

    assert [(post.to_me, post.acked) for post in before.posts] == [(False, False), (True, False), (False, False)]
    assert [(post.to_me, post.acked) for post in after.posts] == [(False, False), (True, True), (False, False)]


async def test_a_thread_is_paged_oldest_first_to_its_end(project: Project, agent: Agent, peer: Agent) -> None:
    await agent.call("post", to_actor=peer.actor, body="0")
    for number in range(1, 5):
        await peer.call("post", reply_to=number, to_actor=agent.actor, body=str(number))
    pages = [await read(project, post_id=3, limit=2)]
    while (cursor := pages[-1].cursor) is not None:
        pages.append(await read(project, post_id=3, limit=2, after=cursor))

    assert [[post.body for post in page.posts] for page in pages] == [["0", "1"], ["2", "3"], ["4"]]
    assert {page.thread_id for page in pages} == {1}
    assert await read(project, post_id=3, after=5) == Thread(thread_id=1, posts=[])


async def test_of_many_deliveries_the_first_are_shown_and_the_rest_counted(
    project: Project, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "DELIVERIES_SHOWN_MAX", 3)
    members = [await project.join(f"m{number}", lane="review") for number in range(5)]
    await agent.call("post", to_lane="review", body="All of you.")
    await members[4].call("ack", post_id=1)

    (post,) = (await read(project, post_id=1)).posts

    assert [one.actor for one in post.deliveries] == [members[place].actor for place in (4, 0, 1)]
    assert post.more_deliveries == 2


async def test_a_thread_of_another_project_is_not_there(agent: Agent, other_project: Project) -> None:
    await agent.call("post", to_lane="review", body="Mine.")

    for after in (0, 9):
        with pytest.raises(NotFound, match="no post 1 in this project"):
            await read(other_project, post_id=1, after=after)
