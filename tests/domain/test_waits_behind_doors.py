"""Waits and syncs of who is not in a closed lane: they hear nothing of what is said there."""

from __future__ import annotations

import pytest

from domain.waiting import answer_of, begun, fired_by, parked
from signalbox.errors import NotFound
from support import Agent


@pytest.fixture
async def lane(agent: Agent, peer: Agent) -> str:
    """A secret lane, in which two are."""
    made = await agent.call("configure_lane", lane="vault", access="secret", invite=[peer.actor])
    await peer.call("join_lane", lane=made["lane"])
    return str(made["lane"])


async def test_an_insider_is_woken_and_an_outsider_is_not(agent: Agent, peer: Agent, lead: Agent, lane: str) -> None:
    conditions = [
        {"on": "post"},
        {"on": "post", "lane": lane},
        {"on": "event", "type": "post"},
        {"on": "event", "tag": "ask"},
        {"on": "task"},
    ]
    async with parked(peer, *conditions) as inside, parked(lead, *conditions) as outside:
        await agent.call("post", to_lane=lane, body="Between us.", tag="ask")
        await agent.call("task_create", title="Ours", lane=lane)
        heard = await fired_by(inside)
        told = await lead.call("wait", timeout_seconds=0, after=0, **{"for": conditions})
        await lead.database.waiters.prove()

        assert [fired["index"] for fired in heard][:4] == [0, 1, 2, 3]
        assert told["fired"] == []
        assert not outside.done()


async def test_an_outsider_cannot_wait_for_the_ack_of_what_is_said_there(
    agent: Agent, peer: Agent, lead: Agent, lane: str
) -> None:
    await agent.call("post", to_lane=lane, body="Between us.")
    acked = {"on": "ack", "post_id": 1}
    with pytest.raises(NotFound, match="no post 1"):
        await answer_of(begun(lead, acked))
    async with parked(agent, acked) as call:
        await peer.call("ack", post_id=1)

        assert await fired_by(call) == [{"on": "ack", "index": 0, "post_id": 1}]


async def test_an_outsider_receives_nothing_of_it(agent: Agent, peer: Agent, lead: Agent, lane: str) -> None:
    await agent.call("post", to_lane=lane, body="Between us.")

    assert [post["body"] for post in (await peer.call("sync", lane=lane))["posts"]] == ["Between us."]
    assert (await lead.call("sync", lane=lane))["posts"] == []
    with pytest.raises(NotFound, match="no post 1"):
        await lead.call("sync", thread=1)
