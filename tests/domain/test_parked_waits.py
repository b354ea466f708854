"""Waiting: what a parked wait never misses, what it holds, and what ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from domain.waiting import ANSWER_SECONDS_MAX, answer_of, begun, fired_by, late_wake_ups, parked, until_parked
from signalbox.db import waiters
from signalbox.db.callers import Session
from signalbox.db.statements import Statement
from signalbox.errors import TooMany, Unauthenticated, Unavailable
from support import Agent, Project

Condition = dict[str, Any]


@pytest.mark.parametrize("moment", ["before the look", "after the look", "before the wait"])
async def test_a_post_that_comes_while_it_looks_is_not_missed(
    agent: Agent, peer: Agent, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Between the look and the wait nothing is held that would keep anybody from posting; no beat comes to help."""
    monkeypatch.setattr(waiters, "PROVE_SECONDS", 3600)
    interrupted = "release" if moment == "before the wait" else "fetch"
    plain = getattr(Session, interrupted)
    posted: list[bool] = []

    async def interrupt(session: Session, *arguments: Any) -> Any:
        if asyncio.current_task() is not call or posted:
            return await plain(session, *arguments)
        posted.append(True)
        found = await plain(session, *arguments) if moment == "after the look" else None
        await peer.call("post", to_actor=agent.actor, body="Just now.")
        return found or await plain(session, *arguments)

    monkeypatch.setattr(Session, interrupted, interrupt)
    call = begun(agent)

    assert await fired_by(call) == [{"on": "post", "index": 0, "post_ids": [1]}]
    assert posted


async def test_what_another_one_saw_first_is_not_missed(
    agent: Agent, peer: Agent, lead: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look is on its way back when the post comes and another one looks; only then does the wake-up come."""
    monkeypatch.setattr(waiters, "PROVE_SECONDS", 3600)
    plain = Session.fetch
    async with AsyncExitStack() as stack:
        others: list[asyncio.Task[dict[str, Any]]] = []

        async def slow(session: Session, *arguments: Any) -> Any:
            found = await plain(session, *arguments)
            if asyncio.current_task() is call and not others:
                await peer.call("post", to_actor=agent.actor, body="Just now.")
                others.append(await stack.enter_async_context(parked(lead)))
            return found

        monkeypatch.setattr(Session, "fetch", slow)
        with late_wake_ups(agent.database.waiters):
            call = begun(agent)
            await until_parked(agent.database.waiters, 2, call)

        assert await fired_by(call) == [{"on": "post", "index": 0, "post_ids": [1]}]
        assert not others[0].done()


async def test_who_begins_to_wait_while_others_are_told_is_told_too(
    agent: Agent, peer: Agent, lead: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happened is about to be read for those who wait: another one begins to, and only then comes its post."""
    monkeypatch.setattr(waiters, "PROVE_SECONDS", 3600)
    waiting = agent.database.waiters
    plain = waiting._run  # noqa: SLF001
    async with AsyncExitStack() as stack:
        begun_meanwhile: asyncio.Future[asyncio.Task[dict[str, Any]]] = asyncio.get_running_loop().create_future()

        async def slow(statement: Statement, arguments: Sequence[Any]) -> list[Any]:
            if statement is waiters.STATEMENTS["moves"] and not begun_meanwhile.done():
                begun_meanwhile.set_result(await stack.enter_async_context(parked(agent)))
                await peer.call("post", to_actor=agent.actor, body="Just now.")
            return await plain(statement, arguments)

        await stack.enter_async_context(parked(lead))
        monkeypatch.setattr(waiting, "_run", slow)
        await peer.call("claim", sequence="adr")

        assert await fired_by(await asyncio.wait_for(begun_meanwhile, ANSWER_SECONDS_MAX)) == [
            {"on": "post", "index": 0, "post_ids": [1]}
        ]


async def test_a_wait_holds_no_connection(agent: Agent, peer: Agent, project: Project) -> None:
    """More wait than the pool has connections, and others are served."""
    others = [await project.join(f"waiter-{number}") for number in range(12)]
    calls = [begun(other) for other in others]
    await until_parked(agent.database.waiters, len(others))
    await agent.call("register", lane="all")
    for other in others:
        await peer.call("post", to_actor=other.actor, body="Go on.")

    assert [(await fired_by(call))[0]["on"] for call in calls] == ["post"] * len(others)
    assert agent.database.waiters.parked == 0


async def test_a_wait_whose_token_is_revoked_ends(agent: Agent, lead: Agent) -> None:
    """Within a second, though nothing that it waits for has happened."""
    await agent.call("post", to_actor=lead.actor, body="Look.")
    async with parked(agent, {"on": "ack", "post_id": 1}) as call:
        await lead.call("admin_revoke", participant_name=agent.actor)

        with pytest.raises(Unauthenticated):
            await answer_of(call)


async def test_a_wait_sees_nothing_of_another_project(agent: Agent, peer: Agent, other_project: Project) -> None:
    stranger = await other_project.join("codex-1")
    seqs = {"on": "seq"}
    await peer.call("lease", surface="src")
    async with parked(agent, {"on": "event"}, seqs, {"on": "task"}, {"on": "surface", "surface": "."}) as call:
        await stranger.call("claim", sequence="adr")
        await stranger.call("task_create", title="Theirs")
        await stranger.call("lease", surface="src")
        await stranger.call("post", to_actor=stranger.actor, body="Theirs.")
        await agent.database.waiters.prove()
        await asyncio.sleep(0)

        assert not call.done()


async def test_a_caller_that_goes_away_leaves_nothing_behind(agent: Agent) -> None:
    async with parked(agent) as call:
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)

        assert agent.database.waiters.parked == 0
        assert agent.database.waiters._rooms == {}  # noqa: SLF001
        assert agent.database.waiters._tasks == []  # noqa: SLF001


async def test_one_participant_waits_in_so_many_calls_at_most(agent: Agent, peer: Agent) -> None:
    most = agent.database.waiters.most_per_participant
    calls = [begun(agent) for _ in range(most)]
    try:
        await until_parked(agent.database.waiters, most)
        with pytest.raises(TooMany, match="too many calls"):
            await agent.call("wait")
        async with parked(peer):
            pass
    finally:
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)


async def test_a_stopping_server_answers_whoever_waits(agent: Agent) -> None:
    async with parked(agent) as call:
        agent.database.waiters.end_all()

        assert (await answer_of(call))["fired"] == []


async def test_a_database_that_is_away_for_a_look_does_not_end_a_wait(
    agent: Agent, peer: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Session.fetch
    refused: list[bool] = []

    async def away(session: Session, *arguments: Any) -> Any:
        if asyncio.current_task() is call and not refused:
            refused.append(True)
            raise Unavailable("away")
        return await plain(session, *arguments)

    async with parked(agent) as call:
        monkeypatch.setattr(Session, "fetch", away)
        await peer.call("post", to_actor=agent.actor, body="Look.")

        assert await fired_by(call) == [{"on": "post", "index": 0, "post_ids": [1]}]
    assert refused
