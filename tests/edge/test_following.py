"""`GET /api/events` live, on servers in processes of their own: nothing is missed, nothing comes twice, and it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager

import anyio
import httpx2
import pytest

from edge.listening import SECONDS_MAX, Sent, served_here, stream, until_states
from edge.wire import call_rest
from signalbox.config import Settings
from signalbox.edge import stream as beats
from support import Agent, Project, ServerProcess


def following(
    server: ServerProcess, agent: Agent, query: str = "", **headers: str
) -> AbstractAsyncContextManager[AsyncIterator[Sent]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return stream(f"{server.url}/api/events{query}", {**agent.headers, **named})


async def take(sent: AsyncIterator[Sent], count: int) -> list[Sent]:
    return [await anext(sent) for _ in range(count)]


def ids(sent: list[Sent]) -> list[int]:
    assert [one.id for one in sent] == [str(one.data["id"]) for one in sent]
    return [one.data["id"] for one in sent]


async def head_of(agent: Agent) -> int:
    head: int = (await agent.call("whats_new", advance_cursor=False))["head"]
    return head


async def test_what_happens_in_one_server_arrives_at_another_ones_stream(
    two_workers: ServerProcess, agent: Agent, peer: Agent
) -> None:
    head = await head_of(agent)
    with anyio.fail_after(SECONDS_MAX):
        async with following(two_workers, agent) as sent:
            for _ in range(3):
                await peer.call("claim", sequence="adr")
            heard = await take(sent, 3)

    assert ids(heard) == [head + 1, head + 2, head + 3]
    assert heard[0].data == (await agent.call("query_events", after=head, limit=1))["events"][0]


async def test_a_wake_up_of_another_process_is_enough(
    server: ServerProcess, settings: Settings, agent: Agent, peer: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing looks by the clock here: neither the proof every second nor a keep-alive comes within the test."""
    monkeypatch.setattr(beats, "BEAT_SECONDS", 3600.0)
    async with served_here(settings) as url, httpx2.AsyncClient(base_url=server.url) as web:
        with anyio.fail_after(SECONDS_MAX):
            async with stream(f"{url}/api/events", agent.headers) as sent:
                heard = []
                for _ in range(3):
                    await call_rest(web, peer.token, "claim", {"sequence": "adr"})
                    heard += await take(sent, 1)

    assert [one.data["payload"]["number"] for one in heard] == [1, 2, 3]


@pytest.mark.parametrize("count", [5, 250])
async def test_it_begins_after_the_event_that_is_named_and_goes_on(
    two_workers: ServerProcess, agent: Agent, peer: Agent, count: int
) -> None:
    for _ in range(count):
        await peer.call("claim", sequence="adr")
    head = await head_of(agent)
    with anyio.fail_after(SECONDS_MAX):
        async with following(two_workers, agent, f"?after={head - count}") as sent:
            old = await take(sent, count)
            await peer.call("claim", sequence="adr")
            new = await take(sent, 1)

    assert ids([*old, *new]) == list(range(head - count + 1, head + 2))


async def test_the_last_event_that_was_got_counts_more_than_where_it_began(
    two_workers: ServerProcess, agent: Agent
) -> None:
    for _ in range(4):
        await agent.call("claim", sequence="adr")
    head = await head_of(agent)
    with anyio.fail_after(SECONDS_MAX):
        async with following(two_workers, agent, "?after=0", Last_Event_ID=str(head - 1)) as sent:
            heard = await take(sent, 1)

    assert ids(heard) == [head]


@pytest.mark.parametrize(
    "query",
    [{"type": "post"}, {"actor": "codex-1", "type": "post"}, {"ref": "PR-7"}, {"tag": "review"}],
    ids=str,
)
async def test_only_what_was_asked_for_arrives(
    two_workers: ServerProcess, agent: Agent, peer: Agent, query: Mapping[str, str]
) -> None:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    with anyio.fail_after(SECONDS_MAX):
        async with following(two_workers, agent, f"?{asked}") as sent:
            for number in range(2):
                await agent.call("claim", sequence="adr")
                await peer.call("post", to_actor="claude-1", body="look", ref="PR-7", tag="review")
                await agent.call("post", to_actor="codex-1", body=str(number), ref="PR-8") if "actor" in query else None
            heard = await take(sent, 2)

    assert [(one.data["type"], one.data["payload"]["ref"]) for one in heard] == [("post", "PR-7")] * 2


async def test_nobody_elses_events_arrive(two_workers: ServerProcess, agent: Agent, other_project: Project) -> None:
    stranger = await other_project.join("claude-1")
    with anyio.fail_after(SECONDS_MAX):
        async with following(two_workers, agent) as mine, following(two_workers, stranger) as theirs:
            await stranger.call("claim", sequence="theirs")
            await agent.call("claim", sequence="mine")
            heard = [(await take(sent, 1))[0].data["payload"]["sequence"] for sent in (mine, theirs)]

    assert heard == ["mine", "theirs"]


async def test_what_is_said_in_a_closed_lane_arrives_at_those_who_are_in_it_alone(
    two_workers: ServerProcess, lead: Agent, agent: Agent, peer: Agent
) -> None:
    await lead.call("configure_lane", lane="room", access="private", invite=["claude-1"])
    await agent.call("join_lane", lane="room")
    head = await head_of(lead)
    with anyio.fail_after(SECONDS_MAX):
        async with (
            following(two_workers, agent, f"?after={head}") as inside,
            following(two_workers, peer, f"?after={head}") as outside,
        ):
            closed = await lead.call("post", to_lane="room", subject="SECRET", body="SECRET")
            opened = await lead.call("post", to_lane="hall", subject="open", body="open")
            heard_inside, heard_outside = await take(inside, 2), await take(outside, 1)

    assert ids(heard_inside) == [closed["event_id"], opened["event_id"]]
    assert ids(heard_outside) == [opened["event_id"]]


async def test_who_is_put_out_of_a_closed_lane_hears_of_it_no_more(
    two_workers: ServerProcess, lead: Agent, agent: Agent
) -> None:
    await lead.call("configure_lane", lane="room", access="private", invite=["claude-1"])
    await agent.call("join_lane", lane="room")
    with anyio.fail_after(SECONDS_MAX):
        async with following(two_workers, agent, "?type=post") as sent:
            first = await lead.call("post", to_lane="room", body="while in it")
            heard = await take(sent, 1)
            await lead.call("configure_lane", lane="room", remove=["claude-1"])
            await lead.call("post", to_lane="room", body="SECRET")
            last = await lead.call("post", to_lane="hall", body="to all")
            heard += await take(sent, 1)

    assert ids(heard) == [first["event_id"], last["event_id"]]


async def test_a_stream_ends_with_its_token_and_says_why(two_workers: ServerProcess, lead: Agent, agent: Agent) -> None:
    with anyio.fail_after(SECONDS_MAX):
        async with following(two_workers, agent) as sent:
            await lead.call("admin_revoke", participant_name="claude-1")
            *last, end = [one async for one in sent]

    assert [one.data["type"] for one in last] in ([], ["admin_revoke"]), "a look that was under way may still see it"
    assert (end.kind, end.id, end.data["code"]) == ("end", "", "unauthenticated")


async def test_a_post_that_arrived_counts_as_offered_to_its_recipient_alone(
    two_workers: ServerProcess, agent: Agent, peer: Agent, lead: Agent
) -> None:
    with anyio.fail_after(SECONDS_MAX):
        async with following(two_workers, agent) as mine, following(two_workers, lead) as others:
            post_id = (await peer.call("post", to_actor="claude-1", body="look"))["post_id"]
            await take(mine, 1)
            await take(others, 1)
            await until_states(agent, post_id, {agent.actor: ("offered", "stream")})
