"""A project's queue of writes on the real database, with a memory of what travelled together."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from proofs.operators import SEQUENCE, Held, holding
from signalbox.catalog import CATALOG
from signalbox.db.acts import Writes
from signalbox.db.pool import STATEMENTS, Database
from signalbox.db.statements import Statement
from signalbox.identity import Principal
from support import Agent, Project

Calls = asyncio.Task[dict[str, Any]]
SECONDS_MAX = 20


class Queue:
    """What one caller's acts run on. They queue in the order in which they are called."""

    def __init__(self, database: Database, dsn: str, who: Principal, waiting_max: int = 1000) -> None:
        self.base_url = database.base_url
        self.marks = database.marks
        self.travelled: list[list[str]] = []
        self.under_way: Calls | None = None
        self._database = database
        self._dsn = dsn
        self._who = who
        self._writes = Writes(self._perform, waiting_max)

    async def _perform(self, project_id: int, acts: str) -> list[asyncpg.Record]:
        self.travelled.append([one["tool"] for one in json.loads(acts)])
        return await self._database.run(STATEMENTS["perform_acts"], [project_id, acts])

    async def fetch(self, statement: Statement, arguments: Sequence[Any]) -> list[Any]:
        return await self._database.run(statement, arguments)

    async def act(self, project_id: int, fields: dict[str, Any]) -> str:
        return await self._writes.act(project_id, fields | {"session": None})

    async def run(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool; a refusal is raised as it is."""
        async with asyncio.timeout(SECONDS_MAX):
            result = await CATALOG.call(tool, self, self._who, arguments)
        return result.model_dump(mode="json", exclude_none=True)

    async def call(self, tool: str, **arguments: Any) -> Calls:
        """Begin a call; when this returns it is in the queue."""
        begun = asyncio.create_task(self.run(tool, **arguments))
        await asyncio.sleep(0)
        return begun

    @asynccontextmanager
    async def blocked(self, sequence: str = "gate") -> AsyncIterator[Held]:
        """Have one act under way, alone, which waits until the gate is let go: whatever is called meanwhile queues."""
        await self.run("claim", sequence=sequence)
        async with holding(self._dsn, SEQUENCE, self._who.project_id, sequence) as gate:
            self.under_way = await self.call("claim", sequence=sequence, idempotency_key="under way")
            await gate.until_waited_for()
            self.travelled.clear()
            yield gate
            await gate.let_go()
            await asyncio.wait([self.under_way], timeout=SECONDS_MAX)


async def queue_of(project: Project, dsn: str, *, waiting_max: int = 1000) -> Queue:
    """Make a queue with a caller of its own."""
    agent = await project.join("queue", lead=True)
    return Queue(project.database, dsn, await agent.principal(), waiting_max)


async def ledger_of(agent: Agent) -> list[dict[str, Any]]:
    """Read a project's ledger, which has no gap."""
    events: list[dict[str, Any]] = (await agent.call("query_events", after=0, limit=1000))["events"]
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    return events


async def settled(calls: Sequence[Calls]) -> list[dict[str, Any] | BaseException]:
    """Answer what came of each, in order."""
    async with asyncio.timeout(SECONDS_MAX):
        return await asyncio.gather(*calls, return_exceptions=True)
