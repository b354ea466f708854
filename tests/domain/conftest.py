"""Fixtures of the domain's tests: the database as its administrator sees it, and further workers on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import pytest
from anyio import to_thread

from conftest import Databases
from domain.yards import Yard
from signalbox.config import Settings, load_settings
from signalbox.db.migrating import migrate
from signalbox.db.pool import Database
from support import Project, make_project

WORKERS = 8


@pytest.fixture
async def operator(database_url: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A connection that row-level security does not bind: for what no tool can do, such as letting time pass."""
    connection = await asyncpg.connect(database_url, timeout=10, command_timeout=30)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def open_workers(settings: Settings) -> AsyncIterator[list[Database]]:
    """Open workers with queues of their own, so that what they write meets in PostgreSQL and not before."""
    small = settings.model_copy(update={"pool_connections": 3})
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Database(small)) for _ in range(WORKERS)]


@pytest.fixture(scope="session")
async def workers(settings: Settings) -> AsyncIterator[list[Database]]:
    async with open_workers(settings) as opened:
        yield opened


@pytest.fixture
async def bob(other_project: Project, operator: asyncpg.Connection[Any]) -> int:
    """Another owner, who has a project too."""
    found: int = await operator.fetchval(
        "select owner_id from projects where project_id = $1", other_project.project_id
    )
    return found


@pytest.fixture(scope="session")
async def yard_url(databases: Databases) -> str:
    """A database on which no server keeps deadlines."""
    dsn: str = await to_thread.run_sync(databases.create, "yard")
    await to_thread.run_sync(migrate, dsn)
    return dsn


@pytest.fixture
async def yard(yard_url: str) -> AsyncIterator[Yard]:
    boss = await asyncpg.connect(yard_url, command_timeout=30)
    try:
        async with Database(load_settings({}, database_url=yard_url)) as database:
            project = await make_project(database)
            author, peer = await project.join("author"), await project.join("codex-1")
            yield Yard(yard_url, project, database, boss, author, peer)
    finally:
        await boss.close()
