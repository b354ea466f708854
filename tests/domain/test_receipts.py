"""Receipts: what became of a post at each recipient, and how it is noted without costing a read anything."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from domain.looking import looking
from domain.racing import WAIT_SECONDS_MAX, head, somebody_waits, together
from signalbox.config import Settings
from signalbox.db.marks import MARKS_MAX, Marks
from signalbox.db.pool import Database
from signalbox.domain import receipts, threads, transports
from signalbox.domain.receipts import write_marks
from signalbox.domain.threads import ThreadArgs
from signalbox.domain.transports import TRANSPORTS
from signalbox.errors import NotFound
from support import Agent, Project

MARK = """
select mark_deliveries_v1(array[p.project_id], array[p.participation_id], array[$2::bigint], array['stream'],
    array[0::double precision], array[null::double precision])
from participations p where p.participation_id = $1
"""


async def status(agent: Agent, post_id: int = 1) -> dict[str, Any]:
    return await agent.call("post_status", post_id=post_id)


async def receipt(agent: Agent, post_id: int = 1) -> dict[str, Any]:
    """The receipt of the post's only recipient."""
    (only,) = (await status(agent, post_id))["receipts"]
    return dict(only)


async def offer(agent: Agent, *post_ids: int, transport: str = "stream") -> None:
    transports.offered(agent.database, await agent.principal(), transport, post_ids)
    await write_marks(agent.database)


async def test_a_delivery_goes_from_queued_over_offered_and_seen_to_acked(agent: Agent, peer: Agent) -> None:
    posted = await agent.call("post", to_actor=peer.actor, body="Look.")
    states = [await receipt(agent)]
    await offer(peer, 1)
    states.append(await receipt(agent))
    await peer.call("read_posts", to_me=True)
    await write_marks(peer.database)
    states.append(await receipt(agent))
    await peer.call("ack", post_id=1, outcome="accepted", note="On it.")
    states.append(last := await receipt(agent))

    assert [one["state"] for one in states] == ["queued", "offered", "seen", "acked"]
    assert states[0] == {"actor": peer.actor, "state": "queued"}
    assert states[1] == {"actor": peer.actor, "state": "offered", "offered_via": "stream"} | {
        "offered_at": last["offered_at"]
    }
    assert (last["outcome"], last["note"], last["offered_via"]) == ("accepted", "On it.", "stream")
    assert posted["created_at"] <= last["offered_at"] <= last["seen_at"] <= last["acked_at"]


@pytest.mark.parametrize("read", [{"to_me": True}, {"to_me": True, "unacked_only": True}, {"post_id": 1}, {"ref": "r"}])
async def test_whatever_shows_a_recipient_a_post_says_that_it_was_seen(
    agent: Agent, peer: Agent, read: dict[str, Any]
) -> None:
    await agent.call("post", to_actor=peer.actor, body="Look.", ref="r")

    await peer.call("read_posts", **read)
    await write_marks(peer.database)

    assert (await receipt(agent))["state"] == "seen"


async def test_who_is_no_recipient_sees_for_nobody(agent: Agent, peer: Agent, lead: Agent) -> None:
    await agent.call("post", to_actor=peer.actor, body="Look.")

    for reader in (agent, lead):
        for read in ({"post_id": 1}, {}, {"to_me": True}):
            await reader.call("read_posts", **read)
    transports.offered(lead.database, await lead.principal(), "wait", [1, 99])
    await write_marks(lead.database)

    assert await receipt(agent) == {"actor": peer.actor, "state": "queued"}


async def test_a_page_of_a_thread_is_seen_by_the_owner_it_goes_to(
    project: Project, database: Database, agent: Agent
) -> None:
    await agent.call("post", to_actor=project.handle, body="Look.")
    async with looking(database, project.project_id) as page:
        await threads.thread(page, project.owner, ThreadArgs(post_id=1))
    await write_marks(database)

    assert (await receipt(agent))["state"] == "seen"


async def test_what_is_observed_twice_is_written_once_and_leaves_no_event(
    agent: Agent, peer: Agent, operator: asyncpg.Connection[Any]
) -> None:
    version = "select xmin::text from deliveries where project_id = $1"
    project_id = (await agent.principal()).project_id
    await agent.call("post", to_actor=peer.actor, body="Look.")
    before = await head(agent)
    await offer(peer, 1)
    offered = await operator.fetchval(version, project_id)

    await offer(peer, 1, transport="wait")
    again = await operator.fetchval(version, project_id)
    await peer.call("read_posts", to_me=True)
    await write_marks(peer.database)
    seen = await operator.fetchval(version, project_id)
    await peer.call("read_posts", to_me=True)
    await offer(peer, 1)

    assert offered == again != seen
    assert await operator.fetchval(version, project_id) == seen
    assert (await receipt(agent))["offered_via"] == "stream"
    assert await head(agent) == before


async def test_what_was_given_to_read_once_is_not_noted_again(agent: Agent, peer: Agent) -> None:
    await agent.call("post", to_actor=peer.actor, body="Look.")
    await peer.call("read_posts", to_me=True)
    await write_marks(peer.database)

    for read in ({"to_me": True}, {"post_id": 1}, {"to_me": True, "unacked_only": True}, {}):
        await peer.call("read_posts", **read)

    assert peer.database.marks.take(1) == []


async def test_an_ack_says_more_than_a_mark_that_comes_late(agent: Agent, peer: Agent) -> None:
    await agent.call("post", to_actor=peer.actor, body="Look.")
    await peer.call("read_posts", to_me=True)
    await peer.call("ack", post_id=1, outcome="declined")

    await write_marks(peer.database)

    assert (await receipt(agent))["state"] == "declined"


async def test_a_recipient_that_never_called_has_a_mailbox(project: Project, agent: Agent) -> None:
    new = await project.join("new")
    await agent.call("post", to_actor="new", body="Welcome.")

    assert await receipt(agent) == {"actor": new.actor, "state": "queued"}
    assert (await new.call("whoami"))["_unread_posts"] == 1


async def test_a_status_counts_all_and_shows_who_has_not_acked_first(
    project: Project, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "RECEIPTS_SHOWN_MAX", 3)
    members = [await project.join(f"m{number}", lane="review") for number in range(5)]
    await agent.call("post", to_lane="review", body="All of you.")
    await members[0].call("ack", post_id=1)
    await members[1].call("ack", post_id=1, outcome="declined")

    found = await status(members[2])

    assert found["counts"] == {"queued": 3, "acked": 1, "declined": 1}
    assert [one["actor"] for one in found["receipts"]] == [member.actor for member in members[2:]]
    assert found["more"] == 2
    assert found["acked_at"] is not None


async def test_a_status_of_another_projects_post_is_not_there(agent: Agent, other_project: Project) -> None:
    stranger = await other_project.join("stranger")
    await agent.call("post", to_lane="review", body="Mine.")

    with pytest.raises(NotFound, match="no post 1 in this project"):
        await status(stranger)


async def test_marks_of_another_project_touch_nothing(
    agent: Agent, peer: Agent, other_project: Project, database: Database
) -> None:
    await agent.call("post", to_actor=peer.actor, body="Look.")
    who = await peer.principal()

    database.marks.seen(other_project.project_id, who.participation_id, [1])
    await write_marks(database)

    assert (await receipt(agent))["state"] == "queued"


async def test_marks_never_wait_for_an_act(agent: Agent, peer: Agent, lead: Agent, database_url: str) -> None:
    """An act holds what it acks until its transaction ends; others travel in it, and may want what marks hold."""
    await agent.call("post", to_actors=[peer.actor, lead.actor], body="Look.")
    acker, marked = await peer.principal(), await lead.principal()
    hold = "select * from deliveries where project_id = $1 and participation_id = $2 for update"
    act, marks = [await asyncpg.connect(database_url, command_timeout=WAIT_SECONDS_MAX) for _ in range(2)]
    try:
        await act.execute("begin")
        await act.execute(hold, acker.project_id, acker.participation_id)
        await marks.execute("begin")
        for who in (marked, acker):  # the second is held: it is passed over
            await marks.execute(MARK, who.participation_id, 1)
        going_on = asyncio.create_task(act.execute(hold, marked.project_id, marked.participation_id))
        await somebody_waits(marks)
        await marks.execute("commit")
        await going_on
        await act.execute("commit")
    finally:
        await act.close()
        await marks.close()

    found = {one["actor"]: one["state"] for one in (await status(agent))["receipts"]}
    assert found == {peer.actor: "queued", lead.actor: "offered"}


async def test_marks_and_acks_of_many_at_once_do_not_deadlock(project: Project, workers: list[Database]) -> None:
    author = await project.join("author")
    members = [await project.join(f"m{number}") for number in range(8)]
    await asyncio.gather(*[author.call("post", to_all=True, body="Look.") for _ in range(12)])
    who = [await member.principal() for member in members]
    for worker in workers:
        for one in who:
            transports.offered(worker, one, "channel", range(1, 13))
            transports.seen(worker, one, range(12, 0, -1))

    outcomes = await together(
        [
            *[write_marks(worker) for worker in workers],
            *[member.call("ack", post_id=post_id) for post_id in range(1, 13, 2) for member in members],
        ]
    )

    assert all(outcome is None or outcome["acked_at"] for outcome in outcomes)
    for post_id in range(1, 13):
        found = (await status(author, post_id))["receipts"]
        states = {one["state"] for one in found if one["actor"] != project.handle}
        assert states == {"acked"} if post_id % 2 else {"seen"}


async def test_what_is_marked_at_the_end_is_written(agent: Agent, peer: Agent, settings: Settings) -> None:
    await agent.call("post", to_actor=peer.actor, body="Look.")
    async with Database(settings) as database, receipts.marking(database):
        transports.offered(database, await peer.principal(), "hook", [1])

    assert (await receipt(agent))["offered_via"] == "hook"


def test_marks_are_kept_to_a_bound_and_taken_in_the_order_of_the_key() -> None:
    marks = Marks()
    marks.seen(2, 1, range(MARKS_MAX))
    marks.offered(1, 1, [1, 2], "wait")  # one too many: what comes last is not kept
    taken = marks.take(MARKS_MAX)
    marks.offered(1, 2, [7, 5], "wait")
    marks.seen(1, 1, [9])

    assert [place for place, _ in taken] == [(2, 1, number) for number in range(MARKS_MAX)]
    assert [place for place, _ in marks.take(10)] == [(1, 1, 9), (1, 2, 5), (1, 2, 7)]
    assert marks.take(10) == []


async def test_nothing_is_offered_on_what_is_no_transport(database: Database, project: Project) -> None:
    with pytest.raises(ValueError, match="'pigeon' is no transport"):
        transports.offered(database, project.owner, "pigeon", [1])


def test_what_can_wait_interrupts_nobody() -> None:
    carried = {name for name, transport in TRANSPORTS.items() if transport.carries("info")}

    assert carried == TRANSPORTS.keys() - {"channel"}
    assert all(
        transport.carries(urgency) for transport in TRANSPORTS.values() for urgency in ("now", "when_idle", None)
    )
