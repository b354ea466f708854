"""What an operator does on a connection of their own: holds rows, looks who waits for them, ends backends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

WAIT_SECONDS_MAX = 20
LOOK_SECONDS = 0.01

HEAD = "select from ledgers where project_id = $1 for update"
HEADS = "select from ledgers where project_id = any($1) for update"
SEQUENCE = "select from sequences where project_id = $1 and sequence = $2 for update"
EVENTS = "lock table events in access exclusive mode"
KEYS = "lock table idempotency_keys in access exclusive mode"
PATIENT = "set local deadlock_timeout = '1min'"


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what happens in another process, within a bound."""
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while not await holds():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(LOOK_SECONDS)


class Held:
    """Rows that are locked until they are let go."""

    def __init__(self, holder: Connection, looker: Connection) -> None:
        self._holder = holder
        self._looker = looker
        self._is_held = True

    async def waiting(self) -> list[int]:
        """Name the backends that wait for what is held."""
        pid = self._holder.get_server_pid()
        rows = await self._looker.fetch(
            "select pid from pg_stat_activity where wait_event_type = 'Lock' and $1 = any(pg_blocking_pids(pid))", pid
        )
        return [row["pid"] for row in rows]

    async def until_waited_for(self, backends: int = 1) -> list[int]:
        """Wait until so many backends wait; answers which."""

        async def enough() -> bool:
            return len(await self.waiting()) >= backends

        await until(enough)
        return await self.waiting()

    async def until_nobody_waits(self) -> None:
        """Wait until no backend waits, while it is still held."""

        async def none() -> bool:
            return not await self.waiting()

        await until(none)

    async def lock_more(self, lock: str, *arguments: object) -> None:
        """Lock more rows. If that closes a circle of those who wait, another of them is refused."""
        await self._holder.execute(PATIENT)
        await self._holder.execute(lock, *arguments)

    async def until_it_waits(self) -> None:
        """Wait until it waits for somebody itself."""
        pid = self._holder.get_server_pid()

        async def waits() -> bool:
            return bool(await self._looker.fetchval("select pg_blocking_pids($1) <> '{}'", pid))

        await until(waits)

    async def end_waiting(self) -> None:
        """End the backends that wait."""
        for pid in await self.waiting():
            await self._looker.execute("select pg_terminate_backend($1)", pid)

    async def let_go(self) -> None:
        """Let go of it; once is enough."""
        if self._is_held:
            self._is_held = False
            await self._holder.execute("rollback")


@asynccontextmanager
async def holding(dsn: str, lock: str, *arguments: object) -> AsyncIterator[Held]:
    """Lock rows until they are let go, at the latest at the end of the block."""
    holder, looker = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    try:
        await holder.execute("begin")
        await holder.execute(lock, *arguments)
        yield Held(holder, looker)
    finally:
        await holder.close()
        await looker.close()
