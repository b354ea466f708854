"""What participants say of themselves: how busy, what for, and whether others see them."""

from __future__ import annotations

from typing import Any

import pytest

from domain.racing import head, ledger
from domain.test_memberships import accepted
from domain.test_presence import active, unread
from signalbox.errors import Conflict, InvalidArguments, NotFound
from support import Agent


async def one_active(agent: Agent, **filters: Any) -> dict[str, Any]:
    (seen,) = (await agent.call("who_is_active", **filters))["active"]
    found: dict[str, Any] = seen
    return found


async def listed(agent: Agent) -> list[str]:
    return [other["actor"] for other in (await agent.call("list_participants"))["participants"]]


async def test_what_one_says_of_oneself_is_shown(agent: Agent, peer: Agent) -> None:
    await agent.call("register", lane="backend", availability="busy", tags=["python", "sql", "python"])

    seen = await one_active(peer)
    assert (seen["availability"], seen["tags"]) == ("busy", ["python", "sql"])


async def test_what_goes_without_saying_is_not_said(agent: Agent, peer: Agent) -> None:
    await agent.call("register", lane="backend")

    assert (await one_active(peer)).keys() == {"actor", "lane", "last_seen", "reach", "unread"}


async def test_what_is_left_out_is_as_if_never_said(agent: Agent, peer: Agent) -> None:
    await agent.call("register", lane="backend", availability="idle", visibility="hidden", tags=["sql"])
    await agent.call("register", lane="backend")

    assert (await one_active(peer)).keys() == {"actor", "lane", "last_seen", "reach", "unread"}


async def test_they_are_found_by_tag(agent: Agent, peer: Agent) -> None:
    await agent.call("register", lane="backend", tags=["python", "sql"])
    await peer.call("register", lane="backend", tags=["css"])

    assert await active(agent, tag="sql") == [agent.actor]
    assert await active(agent, tag="sq") == []
    assert await active(agent, tag="css", lane="review") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"availability": "asleep"},
        {"visibility": ""},
        {"tags": ["x"] * 9},
        {"tags": [""]},
        {"tags": ["x" * 65]},
        {"tags": "sql"},
        {"session": ""},
    ],
)
async def test_what_does_not_fit_is_refused_by_name(agent: Agent, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArguments, match=next(iter(wrong))):
        await agent.call("register", lane="backend", **wrong)


async def test_changing_what_one_says_is_an_event_and_repeating_it_none(agent: Agent) -> None:
    for _ in range(2):
        await agent.call("register", lane="backend", availability="busy", tags=["sql"])
    await agent.call("register", lane="backend", tags=["sql"])

    assert [event["payload"] for event in await ledger(agent, type="register")] == [
        {"lane": "backend", "availability": "busy", "tags": ["sql"]},
        {"lane": "backend", "tags": ["sql"]},
    ]


async def test_who_is_hidden_is_not_listed_as_active_but_can_be_addressed(agent: Agent, peer: Agent) -> None:
    await agent.call("register", lane="backend", visibility="hidden")

    await peer.call("post", to_actor="claude-1", body="By name.")
    await peer.call("post", to_lane="backend", body="By lane.")

    assert await active(peer) == []
    assert agent.actor in await listed(peer)
    assert await unread(agent) == [2, 1]


async def test_a_ghost_is_answered_like_nobody(agent: Agent, peer: Agent) -> None:
    await agent.call("register", lane="backend", visibility="ghost")

    for name in ("claude-1", agent.actor):
        refused = []
        for wanted in (name, name.replace("claude", "nobody")):
            for call in (
                peer.call("post", to_actor=wanted, body="Look."),
                peer.call("post", to_actors=[wanted], body="Look."),
                peer.call("task_create", title="Yours", owner=wanted),
            ):
                with pytest.raises(NotFound) as refusal:
                    await call
                refused.append((refusal.value.message.replace(wanted, "?"), refusal.value.state))
        assert len({message for message, _ in refused}) == 1
        assert all(state == {} for _, state in refused)
    assert await active(peer) == []
    assert agent.actor not in await listed(peer)


async def test_a_ghost_gets_no_posts_of_the_lane_it_says_or_for_everybody(agent: Agent, peer: Agent) -> None:
    await agent.call("register", lane="backend")
    await agent.call("register", lane="backend", visibility="ghost")

    await peer.call("post", to_lane="backend", body="By lane.")
    await peer.call("post", to_all=True, body="For all.")

    assert await unread(agent) == []
    assert [post["post_id"] for post in (await agent.call("read_posts"))["posts"]] == [2, 1]


async def test_who_stops_being_a_ghost_inherits_what_waits_in_its_lane(agent: Agent, peer: Agent) -> None:
    await agent.call("register", lane="backend", visibility="ghost")
    await peer.call("post", to_lane="backend", body="Look.")

    await agent.call("register", lane="backend")

    assert await unread(agent) == [1]
    assert await active(peer) == [agent.actor]


async def test_a_bare_name_that_a_ghost_shares_means_the_other(
    agent: Agent, peer: Agent, lead: Agent, bob: int
) -> None:
    guest, _ = await accepted(lead, bob, "claude-1")
    await agent.call("register", lane="backend", visibility="ghost")

    await peer.call("post", to_actor="claude-1", body="Look.")

    assert (await unread(agent), await unread(guest)) == ([], [1])


@pytest.mark.parametrize("visibility", ["hidden", "ghost"])
async def test_leads_and_oneself_see_who_is_not_visible(agent: Agent, lead: Agent, visibility: str) -> None:
    await agent.call("register", lane="backend", visibility=visibility)

    for reader in (lead, agent):
        assert (await one_active(reader, lane="backend"))["visibility"] == visibility
        assert agent.actor in await listed(reader)
    shown = {
        other["actor"]: other.get("visibility") for other in (await lead.call("list_participants"))["participants"]
    }
    assert shown[agent.actor] == visibility


async def test_a_lead_manages_a_ghost(agent: Agent, lead: Agent) -> None:
    await agent.call("register", lane="backend", visibility="ghost")

    assert (await lead.call("admin_revoke", participant_name="claude-1"))["revoked"] == 1


@pytest.mark.parametrize("visibility", ["hidden", "ghost"])
async def test_that_one_is_not_visible_is_told_to_oneself_only(agent: Agent, peer: Agent, visibility: str) -> None:
    before = await head(peer)

    await agent.call("register", lane="backend", visibility=visibility)

    assert [event["payload"] for event in await ledger(agent, type="register")] == [
        {"lane": "backend", "visibility": visibility}
    ]
    assert await ledger(peer, type="register") == []
    digest = await peer.call("whats_new", after=before)
    assert (digest["events"], digest["cursor"]) == ([], before + 1)


async def test_what_a_ghost_did_is_found_by_its_name(agent: Agent, peer: Agent) -> None:
    await agent.call("claim", sequence="adr")
    await agent.call("register", lane="backend", visibility="ghost")

    assert [event["type"] for event in await ledger(peer, actor="claude-1")] == ["claim"]


async def test_who_is_answered_hears_of_it_ghost_or_not(agent: Agent, peer: Agent) -> None:
    """It has shown itself by its post."""
    await agent.call("register", lane="backend", visibility="ghost")
    await agent.call("post", to_actor="codex-1", body="Look.")

    await peer.call("post", reply_to=1, body="I have.")

    assert await unread(agent) == [2]


async def test_a_key_is_not_for_another_visibility(agent: Agent) -> None:
    await agent.call("register", lane="backend", idempotency_key="k")

    with pytest.raises(Conflict):
        await agent.call("register", lane="backend", visibility="ghost", idempotency_key="k")
