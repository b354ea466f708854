"""Deadlines: what becomes of posts whose ack is due, and of those that nobody waits for any more."""

from __future__ import annotations

import pytest

from domain.looking import looking
from domain.racing import head, ledger
from domain.yards import Yard, inbox
from signalbox.domain.board import board


async def test_what_is_not_acked_in_time_is_overdue_once(yard: Yard) -> None:
    await yard.post(ack_within_seconds=60)
    early = await yard.keep()
    await yard.let_pass(seconds=61)
    with yard.database.wakeups.watching(yard.project.project_id) as wake:
        kept = [await yard.keep() for _ in range(2)]
        woken = await wake.wait(0)

    (event,) = await ledger(yard.author, type="overdue")
    assert (early, kept, woken) == (0, [1, 0], True)
    assert event["actor"] == yard.author.actor
    assert event["payload"] == {"post_id": 1, "silent": [yard.peer.actor]}
    assert (await yard.status())["overdue"] is True
    assert await inbox(yard.peer) == [1]
    assert await yard.boss.fetchval("select count(*) from agendas where project_id = $1", yard.project.project_id) == 0


async def test_what_was_acked_in_time_is_not(yard: Yard) -> None:
    await yard.post(ack_within_seconds=60)
    await yard.peer.call("ack", post_id=1)
    await yard.let_pass(seconds=61)
    before = await head(yard.author)

    assert await yard.keep() == 1
    assert await head(yard.author) == before
    status = await yard.status()
    assert not {"overdue"} & status.keys()
    assert "late" not in status["receipts"][0]


async def test_each_actor_owes_an_ack_and_anybody_of_a_lane_does(yard: Yard) -> None:
    other, member, second = [
        await yard.join(name, lane="docs" if name != "other" else None) for name in ("other", "m", "n")
    ]
    for address in (
        {"to_actors": [yard.peer.actor, other.actor]},
        {"to_lane": "docs"},
        {"to_lane": "docs", "to_actor": yard.peer.actor},
        {"to_lanes": ["docs", "ops"], "to_actor": yard.peer.actor},
        {"to_all": True},
    ):
        await yard.post(ack_within_seconds=60, **address)
    await yard.peer.call("ack", post_ids=[1, 5])
    await member.call("ack", post_ids=[2, 3, 4, 5])
    await yard.let_pass(seconds=61)
    await yard.keep()

    assert {one["post_id"]: one["silent"] for one in await yard.payloads("overdue")} == {
        1: [other.actor],
        3: [yard.peer.actor],
        4: [yard.peer.actor],
        5: sorted([yard.project.handle, other.actor, second.actor]),
    }
    overdue = [(await yard.status(post_id)).get("overdue") for post_id in range(1, 6)]
    assert overdue == [True, None, True, True, True]


async def test_a_lane_in_which_nobody_acks_is_overdue_as_a_whole(yard: Yard) -> None:
    await yard.post(to_lane="docs", ack_within_seconds=60)
    await yard.post(to_lanes=["docs", "ops"], ack_within_seconds=60)
    await yard.let_pass(seconds=61)
    await yard.keep()

    assert await yard.payloads("overdue") == [
        {"post_id": 1, "to_lane": "docs"},
        {"post_id": 2, "to_lane": "docs", "to_lanes": ["docs", "ops"]},
    ]


@pytest.mark.parametrize("kind", ["handoff", "question"])
async def test_a_handoff_or_question_that_says_no_deadline_is_overdue_after_a_day(yard: Yard, kind: str) -> None:
    await yard.post(kind=kind)
    await yard.post(kind="note")
    await yard.post()
    await yard.let_pass(hours=23)
    early = await yard.keep()
    await yard.let_pass(hours=2)

    assert (early, await yard.keep()) == (0, 1)
    assert [one["post_id"] for one in await yard.payloads("overdue")] == [1]


async def test_what_is_to_be_sent_on_and_says_no_deadline_is_sent_on_after_a_day(yard: Yard) -> None:
    await yard.post(reroute="lead")
    await yard.let_pass(hours=25)
    await yard.keep()

    assert (await yard.payloads("overdue"))[0]["rerouted_to"] == "lead"


async def test_what_expires_first_is_never_overdue(yard: Yard) -> None:
    await yard.post(ack_within_seconds=60, expires_in_seconds=60)
    await yard.let_pass(seconds=61)
    await yard.keep()

    assert [event["type"] for event in await ledger(yard.author)][-1] == "expire"
    assert await yard.payloads("overdue") == []


async def test_a_question_that_is_answered_in_time_is_not_overdue(yard: Yard) -> None:
    other = await yard.join("other")
    await yard.author.call(
        "post", to_actors=[yard.peer.actor, other.actor], body="Shall we?", kind="question", ack_within_seconds=60
    )
    await yard.peer.call("post", reply_to=1, body="Yes.")
    await yard.let_pass(seconds=61)
    await yard.keep()

    assert await yard.payloads("overdue") == []
    assert await inbox(other) == [1]


async def test_a_late_ack_is_recorded_as_late_and_so_is_a_late_answer(yard: Yard) -> None:
    for kind in (None, "question", None):
        await yard.post(kind=kind, ack_within_seconds=60)
    await yard.peer.call("ack", post_id=3)
    await yard.let_pass(seconds=61)

    await yard.peer.call("ack", post_ids=[1, 3])
    await yard.peer.call("post", reply_to=2, body="Yes.")

    *_, ack = await yard.payloads("ack")
    *_, answer = await yard.payloads("post")
    assert ack == {"post_id": 1, "outcome": "done", "late": [1]}
    assert (answer["answers"], answer["late"]) == (2, True)
    assert [(await yard.receipt(post_id)).get("late") for post_id in (1, 2, 3)] == [True, True, None]


async def test_an_overdue_post_goes_to_the_lane_it_was_to_go_to_and_to_who_joins_that(yard: Yard) -> None:
    helper, later = [await yard.join(name, lane="help" if name == "helper" else None) for name in ("helper", "later")]
    await yard.post(ack_within_seconds=60, reroute="help")
    before = await inbox(helper)
    await yard.let_pass(seconds=61)
    await yard.keep()
    await later.call("register", lane="help")

    (event,) = await yard.payloads("overdue")
    assert (event["rerouted_to"], event["reached"]) == ("help", 1)
    assert (before, [await inbox(agent) for agent in (helper, later, yard.peer)]) == ([], [[1], [1], [1]])
    assert [post["post_id"] for post in (await yard.author.call("read_posts", to_lane="help"))["posts"]] == [1]


async def test_an_overdue_post_goes_to_every_lead_but_its_author(yard: Yard) -> None:
    lead, other = await yard.join("lead", lead=True), await yard.join("other", lead=True)
    await lead.call(
        "post", to_actors=[yard.peer.actor, other.actor], body="Look.", ack_within_seconds=60, reroute="lead"
    )
    await yard.let_pass(seconds=61)
    await yard.keep()

    (event,) = await yard.payloads("overdue")
    actors = {one["actor"] for one in (await lead.call("post_status", post_id=1))["receipts"]}
    assert (event["rerouted_to"], event["reached"]) == ("lead", 1)
    assert actors == {yard.peer.actor, other.actor, yard.project.handle}


async def test_what_has_expired_leaves_the_inboxes(yard: Yard) -> None:
    member, later = await yard.join("member", lane="docs"), await yard.join("later")
    await yard.post(to_lane="docs", to_actor=yard.peer.actor, expires_in_seconds=60)
    await yard.post(to_lane="docs", ack_within_seconds=60, expires_in_seconds=61)
    await member.call("ack", post_id=1)
    await yard.let_pass(seconds=62)
    await yard.keep()
    await later.call("register", lane="docs")

    assert [await inbox(agent) for agent in (yard.peer, member, later)] == [[], [], []]
    assert "_unread_posts" not in await yard.peer.call("whoami")
    assert (await yard.author.call("read_posts", unacked_only=True))["posts"] == []
    assert (await yard.author.call("read_posts", unacked_only=True, to_lane="docs"))["posts"] == []
    assert (await yard.peer.call("read_posts", unacked_only=True, thread=1))["posts"] == []
    assert await yard.payloads("expire") == [{"post_id": 1, "unacked": 1}, {"post_id": 2, "unacked": 1}]
    assert [one["post_id"] for one in await yard.payloads("overdue")] == [2]
    assert (await yard.status())["counts"] == {"acked": 1, "expired": 1}
    assert (await yard.peer.call("ack", through_id=9)) == {"post_ids": []}


async def test_an_ack_of_what_has_expired_is_recorded_as_late(yard: Yard) -> None:
    await yard.post(expires_in_seconds=60)
    await yard.let_pass(seconds=61)
    await yard.keep()

    await yard.peer.call("ack", post_id=1)

    found = await yard.receipt()
    assert (found["state"], found["late"]) == ("acked", True)
    assert (await yard.payloads("ack"))[0]["late"] == [1]


async def test_what_all_have_acked_does_not_expire(yard: Yard) -> None:
    await yard.post(expires_in_seconds=60)
    await yard.peer.call("ack", post_id=1)
    await yard.let_pass(seconds=61)
    before = await head(yard.author)

    await yard.keep()

    assert await head(yard.author) == before


async def test_a_session_is_told_of_its_unanswered_posts_once(yard: Yard) -> None:
    await yard.author.call("whats_new")
    await yard.post(ack_within_seconds=60)
    await yard.post(ack_within_seconds=60)
    await yard.post(expires_in_seconds=60)
    await yard.post(ack_within_seconds=50, expires_in_seconds=60)
    await yard.let_pass(seconds=61)
    await yard.keep()
    await yard.peer.call("ack", post_id=2)

    told = await yard.author.call("whats_new")
    again = await yard.author.call("whats_new")
    repeated = await yard.author.call("whats_new", redeliver=True)
    others = await yard.peer.call("whats_new")

    assert told["unanswered"] == repeated["unanswered"] == [1, 3]
    assert not {"unanswered"} & (again.keys() | others.keys())


async def test_the_board_marks_what_is_overdue_by_its_own_deadline(yard: Yard) -> None:
    await yard.post(ack_within_seconds=60)
    await yard.post(ack_within_seconds=7200)
    await yard.post()
    await yard.post(expires_in_seconds=60)
    await yard.let_pass(seconds=61)
    await yard.keep()
    async with looking(yard.database, yard.project.project_id) as page:
        soon = await board(page, yard.project.owner)
        await yard.let_pass(hours=25)
        late = await board(page, yard.project.owner)

    assert [(one.post_id, one.overdue) for one in soon.handoffs] == [(1, True), (2, False), (3, False)]
    assert [(one.post_id, one.overdue) for one in late.handoffs] == [(1, True), (2, True), (3, True)]
    assert soon.handoffs_count == 3
