"""The pool of connections, and what every edge and command works with: the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Self

import asyncpg

from signalbox import paths
from signalbox.config import Settings
from signalbox.db.acts import Writes
from signalbox.db.marks import Marks
from signalbox.db.moves import Moves
from signalbox.db.notify import LINE_SECONDS_MAX, POOLED, Wakeups
from signalbox.db.statements import Statement, parse
from signalbox.db.violations import DRIVER_ERRORS, refusal_for, unavailable
from signalbox.db.waiters import Waiters
from signalbox.errors import SchemaError, SetupError, Unavailable

if TYPE_CHECKING:
    from signalbox.db.notify import Line

    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]

log = logging.getLogger("signalbox")

STATEMENT_SECONDS_MAX: Final = 30.0
CLOSE_SECONDS_MAX: Final = 2.0
CANCEL_SECONDS_MAX: Final = 2.0  # for PostgreSQL to end a statement that nobody waits for any more

LINE_NAME: Final = "signalbox wake-ups"

SERVER_SETTINGS: Final = {
    "application_name": "signalbox",
    "timezone": "UTC",
    "jit": "off",
    # A plan for any project is one for the average project, and walks a huge one from end to end. What is hot and has
    # one sensible plan (acts, authentication) is a function that says so.
    "plan_cache_mode": "force_custom_plan",
}

STATEMENTS = parse((paths.FUNCTIONS.parent / "pool.sql").read_text(encoding="utf-8"))


async def _keep(_connection: object) -> None:
    """Leave a returned connection as it is: its only state is the tenant, which every caller sets anew."""


async def open_pool(dsn: str, settings: Settings) -> Pool:
    """Open the server's pool, on the role that row-level security binds.

    Raises:
        SetupError: the database cannot serve as it is; says what to change.
    """
    async with _looking(dsn) as (database, is_migrated, backend):
        if not is_migrated:
            raise SchemaError(f"the database {database} has no Signalbox schema yet: run `signalbox migrate`")
        return await _open_pool(dsn, settings, database, backend)


async def _open_pool(dsn: str, settings: Settings, database: str, other_backend: int) -> Pool:
    pool = asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=settings.pool_connections,
        max_inactive_connection_lifetime=300,
        timeout=settings.pool_wait_seconds,
        command_timeout=STATEMENT_SECONDS_MAX,
        reset=_keep,
        server_settings={"role": f"{database}_app", **SERVER_SETTINGS},
    )
    try:
        await pool
        await check_schema(pool)
        await _see_own_backend(pool, other_backend)
    except asyncpg.PostgresError as error:
        pool.terminate()
        raise SetupError(f"the database cannot be served as {database}_app, the server's role: {error}") from error
    except BaseException:
        pool.terminate()
        raise
    return pool


async def _see_own_backend(pool: Pool, other_backend: int) -> None:
    """See that a connection has a backend to itself, while one with another backend is open."""
    if await pool.fetchval(STATEMENTS["backend"].text) == other_backend:
        raise SetupError(POOLED)


async def open_line(dsn: str) -> Line:
    """Open the connection for wake-ups, on the same role."""
    line = await asyncpg.connect(dsn, timeout=LINE_SECONDS_MAX, server_settings={"application_name": LINE_NAME})
    try:
        await line.execute(STATEMENTS["begin_line"].text, timeout=LINE_SECONDS_MAX)
    except BaseException:
        line.terminate()
        raise
    return line


@asynccontextmanager
async def _looking(dsn: str) -> AsyncIterator[tuple[str, bool, int]]:
    """Name the database of a DSN, say whether it was ever migrated, and which backend says so; it stays meanwhile."""
    try:
        connection = await asyncpg.connect(dsn, timeout=10)
    except (
        OSError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        ValueError,  # what the DSN is read with says so
    ) as error:
        raise SetupError(f"cannot connect to the database: {str(error) or type(error).__name__}") from error
    try:
        row = await connection.fetchrow(STATEMENTS["look"].text)
        assert row is not None
        yield row["database"], row["migrated"], row["backend"]
    finally:
        await connection.close()


def schema_head() -> str:
    """Name the newest migration this code carries: their files begin with their number."""
    return max(path.name.split("_")[0] for path in (paths.MIGRATIONS / "versions").glob("[0-9]*.py"))


async def check_schema(pool: Pool | Connection) -> None:
    """See that the schema is this code's and that row-level security binds the server.

    Raises:
        SetupError: it is not; names the command that mends it.
    """
    row = await pool.fetchrow(STATEMENTS["check_schema"].text)
    assert row is not None
    if row["revision"] != schema_head():
        raise SchemaError(
            f"the database's schema is at {row['revision']}, this server needs {schema_head()}: "
            "run `signalbox migrate` (if it is ahead, run the newer server)"
        )
    if row["may_bypass"]:
        raise SetupError(f"the role {row['role']} bypasses row-level security: take SUPERUSER and BYPASSRLS from it")


class Database:
    """The pool and the writes on it: what every edge and command works with. `async with` opens and closes it."""

    def __init__(self, settings: Settings) -> None:
        self.base_url = settings.base_url
        self._settings = settings
        self.marks = Marks()
        self.moves = Moves()
        self.wakeups = Wakeups(self._open_line)
        self.waiters = Waiters(self.run, self.wakeups, settings.waits_max, settings.waits_per_participant_max)
        self._writes = Writes(self._perform, settings.queued_writes_max)
        self._places = asyncio.Semaphore(settings.pool_connections)
        self._pool: Pool | None = None

    async def __aenter__(self) -> Self:
        """Open the pool.

        Raises:
            SetupError: the database cannot serve as it is; says what to change.
        """
        if self._settings.database_url is None:
            raise SetupError("no database is named: set DATABASE_URL, or run `signalbox up`")
        self._pool = await open_pool(self._settings.database_url, self._settings)
        return self

    async def __aexit__(self, *_failure: object) -> None:
        """Close the pool: statements under way may end, for a moment."""
        await self._writes.close()
        await self._tell_the_rest()
        try:
            await asyncio.wait_for(self.pool.close(), timeout=CLOSE_SECONDS_MAX)
        except TimeoutError:
            self.pool.terminate()

    async def _open_line(self) -> Line:
        assert self._settings.database_url is not None, "the pool is open"
        return await open_line(self._settings.database_url)

    async def _tell_the_rest(self) -> None:
        """Tell other processes what this one did last, or all it did where it did not listen."""
        untold = self.wakeups.take_untold()
        if untold is None:
            return
        try:
            await self.run(STATEMENTS["tell"], [untold])
        except (Unavailable, *DRIVER_ERRORS) as error:
            log.warning("other processes were not told of the last acts: %s", error)

    @property
    def pool(self) -> Pool:
        """The pool, once it is open."""
        if self._pool is None:
            raise RuntimeError("the database is not open yet")
        return self._pool

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Borrow a connection; what goes wrong on it becomes a refusal where it is one."""
        try:
            await self._take_place()
        except TimeoutError as error:
            raise unavailable(error) from error
        try:
            try:
                connection = await self.pool.acquire()
            except DRIVER_ERRORS as error:
                raise unavailable(error) from error  # whatever says no to a connection, there is none
            try:
                yield connection
            except DRIVER_ERRORS as error:
                raise refusal_for(error) from error
            finally:
                await self._give_back(connection)
        finally:
            self._places.release()

    async def _take_place(self) -> None:
        """Wait for a connection to be free, first come, first served: the pool serves whoever asks at the moment."""
        if not self._places.locked():
            await self._places.acquire()
            return
        async with asyncio.timeout(self._settings.pool_wait_seconds):
            await self._places.acquire()

    async def _give_back(self, connection: Connection) -> None:
        """Give a connection back. One whose statement cannot be cancelled is ended; what came of it stands."""
        try:
            await self.pool.release(connection, timeout=CANCEL_SECONDS_MAX)
        except DRIVER_ERRORS as error:
            log.warning("a connection was ended: %s: %s", type(error).__name__, error)

    async def run(self, statement: Statement, arguments: Sequence[Any]) -> list[Any]:
        """Run one statement that needs no caller: a command of the operator, a heartbeat, an invite."""
        async with self.connection() as connection:
            return await connection.fetch(statement.text, *arguments)

    async def act(self, project_id: int, fields: dict[str, Any]) -> str:
        """Run one act (signalbox.db.acts) in its project's turn; answers its JSON."""
        return await self._writes.act(project_id, fields)

    async def _perform(self, project_id: int, acts: str) -> list[asyncpg.Record]:
        try:
            rows = await self.run(STATEMENTS["perform_acts"], [project_id, acts])
        except (Unavailable, asyncio.CancelledError):
            self.wakeups.moved(project_id)  # it may have committed all the same
            raise
        if any(row["state"] is None for row in rows):
            self.wakeups.moved(project_id, len(rows))
            self.moves.note(project_id, len(rows))
        return rows

    async def fetch(self, statement: Statement, arguments: Sequence[Any]) -> list[Any]:
        """Read as nobody: row-level security shows only what belongs to no project."""
        return await self.run(statement, arguments)

    async def healthy(self) -> bool:
        """Say whether the database answers and has this code's schema."""
        try:
            async with self.connection() as connection:
                await check_schema(connection)
        except (SetupError, Unavailable, asyncpg.PostgresError):
            return False
        return True
