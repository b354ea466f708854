"""Deadlines are seen to once, whoever is at it and whatever becomes of them."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from domain.racing import ledger, somebody_waits, together
from domain.yards import Yard
from proofs.operators import until
from signalbox.config import load_settings
from signalbox.db.pool import Database
from signalbox.domain import deadlines
from signalbox.domain.deadlines import keep_deadlines


async def test_two_workers_at_once_see_to_it_once(yard: Yard) -> None:
    for _ in range(deadlines.POSTS_MAX + 5):
        await yard.post(ack_within_seconds=60)
    await yard.keep()  # what other tests have left
    await yard.let_pass(seconds=61)
    settings = load_settings({}, database_url=yard.url)
    async with Database(settings) as one, Database(settings) as two:
        outcomes = await together([keep_deadlines(worker) for worker in (one, two, one, two)])
        outcomes.append(await keep_deadlines(one))

    assert sum(outcomes) == deadlines.POSTS_MAX + 5
    told = [payload["post_id"] for payload in await yard.payloads("overdue")]
    assert told == list(range(1, deadlines.POSTS_MAX + 6))


async def test_what_is_killed_halfway_is_done_by_the_next(yard: Yard) -> None:
    await yard.post(ack_within_seconds=60, reroute="docs")
    await yard.let_pass(seconds=61)
    victim = await asyncpg.connect(yard.url)
    await victim.execute("begin")
    halfway = await victim.fetchrow("select * from keep_deadlines_v1(20)")
    meanwhile = await yard.keep()
    await yard.boss.fetchval("select pg_terminate_backend($1)", victim.get_server_pid())
    await until(lambda: _is_gone(yard, victim.get_server_pid()))

    assert (dict(halfway or {}), meanwhile) == ({"project_id": yard.project.project_id, "posts": 1}, 0)
    assert await yard.payloads("overdue") == []
    assert await yard.keep() == 1
    assert [one["post_id"] for one in await yard.payloads("overdue")] == [1]


async def _is_gone(yard: Yard, pid: int) -> bool:
    return not await yard.boss.fetchval("select exists (select 1 from pg_stat_activity where pid = $1)", pid)


async def test_an_ack_that_comes_first_is_not_overdue_and_one_that_comes_after_is_late(yard: Yard) -> None:
    """The head lock decides: whoever has it first is seen by the other."""
    await yard.post(ack_within_seconds=60)
    await yard.let_pass(seconds=61)
    await yard.boss.execute("begin")
    await yard.boss.execute("select from ledgers where project_id = $1 for update", yard.project.project_id)
    acking = asyncio.create_task(yard.peer.call("ack", post_id=1))
    await somebody_waits(yard.boss)
    keeping = asyncio.create_task(yard.keep())
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"

    async def both_wait() -> bool:
        await yard.boss.execute("select pg_stat_clear_snapshot()")
        return bool(await yard.boss.fetchval(waiting) == 2)

    await until(both_wait)
    await yard.boss.execute("commit")
    await asyncio.gather(acking, keeping)

    types = [event["type"] for event in await ledger(yard.author)][-2:]
    assert types in (["post", "ack"], ["overdue", "ack"])
    assert (await yard.receipt())["late"] is True


async def test_an_archived_projects_deadlines_wait_until_it_is_opened(yard: Yard) -> None:
    await yard.post(ack_within_seconds=60)
    await yard.let_pass(seconds=61)
    archive = "update projects set archived_at = $2 where project_id = $1"
    await yard.boss.execute("update projects set archived_at = now() where project_id = $1", yard.project.project_id)
    closed = await yard.keep()
    await yard.boss.execute(archive, yard.project.project_id, None)

    assert (closed, await yard.keep()) == (0, 1)


async def test_deadlines_are_seen_to_while_a_server_runs(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "LOOK_SECONDS", 0.01)
    await yard.post(ack_within_seconds=60)
    await yard.let_pass(seconds=61)

    async def is_told() -> bool:
        return bool(await ledger(yard.author, type="overdue"))

    async with deadlines.keeping(yard.database):
        await until(is_told)
