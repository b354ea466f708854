"""Callers released together, as if on machines of their own, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import asyncpg

from proofs.operators import until
from signalbox.db.pool import Database
from signalbox.errors import Refusal
from support import Agent

WAIT_SECONDS_MAX = 30

Call = Coroutine[Any, Any, Any]
Outcomes = list[Any]


def at(worker: Database, agent: Agent) -> Agent:
    """The same agent, calling another worker."""
    return Agent(worker, agent.token, agent.actor)


def spread(agent: Agent, workers: Sequence[Database], count: int) -> list[Agent]:
    """The same agent several times, on the workers in turn."""
    return [at(workers[number % len(workers)], agent) for number in range(count)]


async def together(calls: Sequence[Call]) -> Outcomes:
    """Hold every call at a gate, open it, and answer what each returned or how it was refused."""
    gate = asyncio.Event()
    at_the_gate = asyncio.Barrier(len(calls) + 1)

    async def gated(call: Call) -> Any:
        await at_the_gate.wait()
        await gate.wait()
        try:
            return await call
        except Refusal as refusal:
            return refusal

    async with asyncio.timeout(WAIT_SECONDS_MAX), asyncio.TaskGroup() as group:
        tasks = [group.create_task(gated(call)) for call in calls]
        await at_the_gate.wait()
        gate.set()
    return [task.result() for task in tasks]


async def somebody_waits(operator: asyncpg.Connection[Any]) -> None:
    """Until a statement waits for a row that this connection has locked."""
    waiting = "select exists (select 1 from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid)))"
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while not await operator.fetchval(waiting):
            pass


async def until_acts_wait(operator: asyncpg.Connection[Any], count: int) -> None:
    """Wait until so many acts wait for a row that somebody holds."""
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%perform_acts%'"

    async def enough() -> bool:
        await operator.execute("select pg_stat_clear_snapshot()")  # else a transaction sees what it saw first
        return bool(await operator.fetchval(waiting) >= count)

    await until(enough)


def answers(outcomes: Outcomes) -> list[dict[str, Any]]:
    """Those that were not refused."""
    return [outcome for outcome in outcomes if not isinstance(outcome, Refusal)]


def refusals(outcomes: Outcomes) -> list[Refusal]:
    """Those that were."""
    return [outcome for outcome in outcomes if isinstance(outcome, Refusal)]


async def ledger(agent: Agent, **filters: Any) -> list[dict[str, Any]]:
    """The project's events, oldest first."""
    found: list[dict[str, Any]] = (await agent.call("query_events", after=0, limit=1000, **filters))["events"]
    return found


async def head(agent: Agent) -> int:
    """The number of the project's last event."""
    last: int = (await agent.call("whats_new", advance_cursor=False, limit=1))["head"]
    return last
