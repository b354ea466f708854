"""Reading as a page does: on a connection whose tenant is the projects that its owner has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from signalbox.db.marks import Marks
from signalbox.db.pool import Database
from signalbox.db.statements import Statement
from support import Agent


@dataclass
class Page:
    """What runs a page's statements; remembers them."""

    database: Database
    connection: Any
    ran: list[str] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return self.database.base_url

    @property
    def marks(self) -> Marks:
        return self.database.marks

    async def fetch(self, statement: Statement, arguments: Sequence[Any]) -> list[Any]:
        self.ran.append(statement.name)
        rows: list[Any] = await self.connection.fetch(statement.text, *arguments)
        return rows

    async def act(self, project_id: int, fields: dict[str, Any]) -> str:
        return await self.database.act(project_id, fields)


@asynccontextmanager
async def looking(database: Database, *project_ids: int) -> AsyncIterator[Page]:
    """Open a page of some projects."""
    async with database.connection() as connection:
        tenant = ",".join(map(str, project_ids))
        await connection.execute("select set_config('signalbox.project_ids', $1, false)", tenant)
        yield Page(database, connection)


async def change(dsn: str, statement: str, *arguments: object) -> None:
    """Make something old or gone, as a superuser."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement, *arguments)
    finally:
        await connection.close()


async def remove(dsn: str, agent: Agent) -> None:
    """Take an agent out of its project."""
    who = await agent.principal()
    statement = "update participations set removed_at = now() where participation_id = $1"
    await change(dsn, statement, who.participation_id)
