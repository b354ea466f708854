"""What is kept of sessions that listen: their subscriptions and their doorbell check, bounded, each project's own."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from signalbox.db.callers import Callers
from signalbox.domain import documents, doorbells
from signalbox.domain.doorbells import ChannelOkArgs
from signalbox.edge.listeners import Kept
from signalbox.errors import NotFound, TooMany
from signalbox.identity import TokenHash, token_hash
from support import Agent, Project

LEDGER = "signalbox://ledger"
SESSIONS_MAX = 10_000  # as keep_session_v1 has it
LATER = datetime.now(UTC) + timedelta(hours=1)
MANY = """
    insert into listening_sessions (project_id, session_id, participation_id, expires_at)
    select $1, decode(lpad(to_hex(n), 32, '0'), 'hex'), 1, now() + make_interval(secs => n)
    from generate_series(1, $2) n
"""


class Listening:
    """One session of a participant, past every edge."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.key = secrets.token_bytes(16)

    async def subscribe(self, uri: str, *, ends: bool = False) -> None:
        async with Callers(self._agent.database).session(token_hash(self._agent.token)) as session:
            who = await session.who()
            if ends:
                await documents.unsubscribe(session, who, self.key, uri)
            else:
                await documents.subscribe(session, who, self.key, uri, LATER)

    async def check(self) -> str:
        async with Callers(self._agent.database).session(token_hash(self._agent.token)) as session:
            return await doorbells.begin_check(session, await session.who(), self.key, LATER)

    async def answer(self, check_id: str) -> bool:
        async with Callers(self._agent.database).session(token_hash(self._agent.token)) as session:
            found = await doorbells.channel_ok(session, await session.who(), ChannelOkArgs(id=check_id))
        return found.live

    async def kept(self) -> Kept:
        """Answer what a proof finds of it."""
        who = await self._agent.principal()
        assert who.token_hash is not None
        async with self._agent.database.connection() as connection:
            row = await connection.fetchrow(
                "select * from still_hold_v2($1, $2, $3)", [who.project_id], [TokenHash(who.token_hash)], [self.key]
            )
        assert row is not None
        return Kept.of(dict(row))


async def head_of(agent: Agent) -> int:
    head: int = (await agent.call("whats_new", advance_cursor=False))["head"]
    return head


async def test_a_subscription_is_kept_with_the_head_it_began_at_and_again_changes_nothing(agent: Agent) -> None:
    listening = Listening(agent)
    await agent.call("claim", sequence="adr")
    began = await head_of(agent)

    for _ in range(2):
        await listening.subscribe(LEDGER)
        await agent.call("claim", sequence="adr")
    both = await listening.kept()
    await listening.subscribe("signalbox://inbox", ends=True)
    await listening.subscribe(LEDGER, ends=True)

    assert both == Kept({LEDGER: began})
    assert await listening.kept() == await Listening(agent).kept() == Kept()


async def test_a_session_has_so_many_subscriptions_and_a_project_so_many_sessions(
    agent: Agent, project: Project, database_url: str
) -> None:
    listening = Listening(agent)
    for number in range(documents.SUBSCRIPTIONS_MAX):
        await listening.subscribe(f"{LEDGER}?after={number}")
    with pytest.raises(TooMany, match="unsubscribe from one"):
        await listening.subscribe(LEDGER)
    with pytest.raises(NotFound):
        await listening.subscribe("signalbox://nothing")

    connection = await asyncpg.connect(database_url)
    await connection.execute(MANY, project.project_id, SESSIONS_MAX)
    one_more = Listening(agent)
    await one_more.subscribe(LEDGER)
    count = await connection.fetchval(
        "select count(*) from listening_sessions where project_id = $1", project.project_id
    )
    await connection.close()

    assert count == SESSIONS_MAX
    assert (await one_more.kept()).subscriptions.keys() == {LEDGER}


async def test_a_check_is_one_sessions_and_answered_by_its_participant_alone(
    agent: Agent, peer: Agent, other_project: Project
) -> None:
    mine, theirs = Listening(agent), Listening(await other_project.join("claude-1"))
    check_id = await mine.check()

    assert await mine.check() == check_id
    assert await Listening(agent).check() != check_id
    for other in (Listening(peer), theirs):
        with pytest.raises(NotFound):
            await other.answer(check_id)
    assert not (await mine.kept()).channel_ok
    assert await mine.answer(check_id)
    assert await mine.answer(check_id)
    assert (await mine.kept()).channel_ok


async def test_what_is_kept_is_no_event(agent: Agent) -> None:
    before = await head_of(agent)
    listening = Listening(agent)
    await listening.subscribe(LEDGER)
    await listening.answer(await listening.check())

    assert await head_of(agent) == before
