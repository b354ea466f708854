"""Runs migrations on asyncpg, in one transaction, one runner at a time."""

from __future__ import annotations

import asyncio
import os

import asyncpg
from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from signalbox.db.schema import metadata

LOCK = 5_317_048  # any number no other program takes: an advisory lock is shared by the whole database
DSN = context.config.attributes.get("dsn") or os.environ["DATABASE_URL"]


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({LOCK})")
        connection.exec_driver_sql("set local lock_timeout = '10s'")
        context.run_migrations()


async def run_online() -> None:
    engine = create_async_engine(
        "postgresql+asyncpg://",
        poolclass=NullPool,
        async_creator=lambda: asyncpg.connect(DSN),
    )
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(run_online())
