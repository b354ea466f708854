"""A database that no server serves: what servers do by themselves is skipped while another process is at the same."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from conftest import Databases
from domain.conftest import open_workers
from signalbox.config import Settings, load_settings
from signalbox.db.migrating import migrate
from signalbox.db.pool import Database


@pytest.fixture(scope="session")
def database_url(databases: Databases) -> str:
    dsn = databases.create("unserved")
    migrate(dsn)
    return dsn


@pytest.fixture(scope="session")
def settings(database_url: str) -> Settings:
    return load_settings({}, database_url=database_url)


@pytest.fixture(scope="session")
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with Database(settings) as opened:
        yield opened


@pytest.fixture(scope="session")
async def workers(settings: Settings) -> AsyncIterator[list[Database]]:
    async with open_workers(settings) as opened:
        yield opened
