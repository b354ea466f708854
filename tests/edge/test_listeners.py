"""Listeners in one process: woken by what moves, bounded, and cut when their reader takes nothing."""

from __future__ import annotations

from contextlib import ExitStack

import anyio
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from signalbox.db.callers import Callers
from signalbox.db.pool import Database
from signalbox.domain.events import Events, QueryArgs
from signalbox.domain.presence import Heartbeats
from signalbox.edge import stream
from signalbox.edge.admin.live import Watches
from signalbox.edge.events import PAGE_EVENTS, LiveEvents
from signalbox.edge.listeners import LISTENERS_PER_PARTICIPANT_MAX, Listeners, News
from signalbox.edge.turns import Turns
from signalbox.errors import TooMany, Unauthenticated
from support import Agent, Project

SECONDS_MAX = 10


async def test_what_moves_wakes_who_follows_it_and_nobody_else(
    database: Database, agent: Agent, peer: Agent, other_project: Project
) -> None:
    listeners = Listeners(Callers(database), Turns())
    stranger = await other_project.join("claude-1")
    with (
        listeners.opened(await agent.principal(), follows=True) as mine,
        listeners.opened(await peer.principal(), follows=False) as quiet,
        listeners.opened(await stranger.principal(), follows=True) as theirs,
    ):
        await agent.call("claim", sequence="adr")
        with anyio.fail_after(SECONDS_MAX):
            heard = [await one.news(0) for one in (mine, quiet, theirs)]

    assert heard == [News.MOVED, News.QUIET, News.QUIET]


async def test_a_wake_up_that_was_missed_is_made_good_by_the_next_proof(database: Database, agent: Agent) -> None:
    listeners = Listeners(Callers(database), Turns())
    await agent.call("claim", sequence="adr")
    with listeners.opened(await agent.principal(), follows=True) as listener:
        await listeners.prove()
        missed = await listener.news(0)
        await listeners.prove()
        nothing = await listener.news(0)

    assert (missed, nothing) == (News.MOVED, News.QUIET)


async def test_a_look_proves_the_caller_anew(database: Database, lead: Agent, agent: Agent) -> None:
    listeners = Listeners(Callers(database), Turns())

    async def read(*_: object) -> str:
        return "read"

    with listeners.opened(await agent.principal(), follows=True) as listener:
        before = await listeners.look(listener, read)
        await lead.call("admin_revoke", participant_name="claude-1")
        with pytest.raises(Unauthenticated):
            await listeners.look(listener, read)

    assert before == "read"


async def test_a_participant_has_only_so_many(database: Database, agent: Agent, peer: Agent) -> None:
    listeners = Listeners(Callers(database), Turns())
    who = await agent.principal()
    with ExitStack() as opened:
        for _ in range(LISTENERS_PER_PARTICIPANT_MAX):
            opened.enter_context(listeners.opened(who, follows=False))
        with pytest.raises(TooMany):
            opened.enter_context(listeners.opened(who, follows=False))
        opened.enter_context(listeners.opened(await peer.principal(), follows=False))
    with listeners.opened(who, follows=False) as again:
        assert again.ended_by is None


async def test_a_page_is_woken_by_what_moves(database: Database, project: Project, agent: Agent) -> None:
    watches = Watches(database, 3600)  # which nobody beats
    with watches.opened(1, b"a session", project.project_id, 0) as watch:
        at_first = await watch.woken(0)
        quiet = await watch.woken(0)
        await agent.call("claim", sequence="adr")
        with anyio.fail_after(SECONDS_MAX):
            then = await watch.woken(SECONDS_MAX)

    assert (at_first, quiet, then) == (True, False, True)


async def test_a_reader_who_takes_nothing_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SEND_SECONDS_MAX", 0.05)
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)
        if len(said) > 2:
            await anyio.sleep_forever()

    async def serve() -> None:
        async with stream.sending_events(anyio.sleep_forever, send) as events:  # type: ignore[arg-type]
            while True:
                await events.say(b"data: 1")

    with anyio.fail_after(SECONDS_MAX), pytest.raises(ClientDisconnect):
        await serve()

    assert [message["type"] for message in said] == ["http.response.start", *["http.response.body"] * 2]


async def test_a_post_that_was_sent_on_a_stream_counts_as_offered_on_it(
    database: Database, agent: Agent, peer: Agent
) -> None:
    listeners = Listeners(Callers(database), Turns())
    post_id = (await peer.call("post", to_actor="claude-1", body="look"))["post_id"]
    who = await agent.principal()
    database.marks.take(1000)
    args = QueryArgs(after=0, limit=PAGE_EVENTS)
    response = LiveEvents(listeners, Heartbeats(), who, args, Events(events=[], cursor=0))
    sent: list[bytes] = []

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))
        if b'"post_id"' in sent[-1]:
            listeners.end_all()

    with anyio.fail_after(SECONDS_MAX):
        await response({}, anyio.sleep_forever, send)  # type: ignore[arg-type]

    assert b'"code":"unavailable"' in sent[-2]
    assert [(place, mark.transport) for place, mark in database.marks.take(1000)] == [
        ((who.project_id, who.participation_id, post_id), "stream")
    ]
