"""The pool of connections, the sessions of callers on it, and the turns in which a project is written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Self

import asyncpg

from signalbox import paths
from signalbox.config import Settings
from signalbox.db.statements import Statement, parse
from signalbox.db.violations import DRIVER_ERRORS, refusal_for, unavailable
from signalbox.errors import Forbidden, SchemaError, SetupError, TooMany, Unauthenticated, Unavailable
from signalbox.identity import Principal, TokenHash

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]

STATEMENT_SECONDS_MAX: Final = 30.0
CLOSE_SECONDS_MAX: Final = 2.0

STATEMENTS = parse((paths.FUNCTIONS.parent / "pool.sql").read_text(encoding="utf-8"))


async def _keep(_connection: object) -> None:
    """Leave a returned connection as it is: its only state is the tenant, which every caller sets anew."""


async def open_pool(dsn: str, settings: Settings) -> Pool:
    """Open the server's pool, on the role that row-level security binds.

    Raises:
        SetupError: the database cannot serve as it is; says what to change.
    """
    database, migrated = await _look(dsn)
    if not migrated:
        raise SchemaError(f"the database {database} has no Signalbox schema yet: run `signalbox migrate`")
    pool = asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=settings.pool_connections,
        max_inactive_connection_lifetime=300,
        command_timeout=STATEMENT_SECONDS_MAX,
        reset=_keep,
        server_settings={
            "application_name": "signalbox",
            "role": f"{database}_app",
            "timezone": "UTC",
            "jit": "off",
        },
    )
    try:
        await pool
        await check_schema(pool)
    except asyncpg.PostgresError as error:
        pool.terminate()
        raise SetupError(f"the database cannot be served as {database}_app, the server's role: {error}") from error
    except BaseException:
        pool.terminate()
        raise
    return pool


async def _look(dsn: str) -> tuple[str, bool]:
    """Name the database of a DSN, and say whether it was ever migrated."""
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
    finally:
        await connection.close()
    assert row is not None
    return row["database"], row["migrated"]


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


class Turns:
    """One write of a project at a time in this process, first come, first served; others run beside it.

    A project's writes queue on its head row anyway; queueing them here keeps them off the connections.
    """

    def __init__(self, waiting_max: int) -> None:
        self._waiting_max = waiting_max
        self._locks: dict[int, asyncio.Lock] = {}
        self._users: dict[int, int] = {}

    @asynccontextmanager
    async def turn(self, project_id: int) -> AsyncIterator[None]:
        """Wait for the project's turn and hold it.

        Raises:
            TooMany: as many writes of the project as may wait are waiting already.
        """
        users = self._users.get(project_id, 0)
        if users > self._waiting_max:
            raise TooMany("too many writes of this project are waiting: repeat in a second", retry_after_seconds=1)
        self._users[project_id] = users + 1
        lock = self._locks.setdefault(project_id, asyncio.Lock())
        try:
            async with lock:
                yield
        finally:
            self._users[project_id] -= 1
            if not self._users[project_id]:
                del self._users[project_id], self._locks[project_id]


class Database:
    """The pool and the turns on it: what every edge and command works with. `async with` opens and closes it."""

    def __init__(self, settings: Settings) -> None:
        self.base_url = settings.base_url
        self._settings = settings
        self._turns = Turns(settings.queued_writes_max)
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
        try:
            await asyncio.wait_for(self.pool.close(), timeout=CLOSE_SECONDS_MAX)
        except TimeoutError:
            self.pool.terminate()

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
            connection = await self.pool.acquire(timeout=self._settings.pool_wait_seconds)
        except DRIVER_ERRORS as error:
            raise unavailable(error) from error  # whatever says no to a connection, there is none
        try:
            yield connection
        except DRIVER_ERRORS as error:
            raise refusal_for(error) from error
        finally:
            await self.pool.release(connection)

    async def run(self, statement: Statement, arguments: Sequence[Any]) -> list[Any]:
        """Run one statement that needs no caller: a command of the operator, a heartbeat, an invite."""
        async with self.connection() as connection:
            return await connection.fetch(statement.text, *arguments)

    async def act(self, project_id: int, statement: Statement, arguments: Sequence[Any]) -> Any:
        """Run one act in its project's turn."""
        async with self._turns.turn(project_id), self.connection() as connection:
            return await connection.fetchval(statement.text, *arguments)

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

    @asynccontextmanager
    async def session(self, token_hash: TokenHash) -> AsyncIterator[tuple[Principal, Session]]:
        """Authenticate, and run the caller's statements.

        The connection is kept from authentication to the end of a read, because the tenant is set on it; an
        act gives it back first.

        Raises:
            Unauthenticated: the token is not known, revoked or expired.
            Forbidden: the owner of the token or of the project is suspended.
        """
        session = Session(self)
        try:
            yield await session.authenticate(token_hash), session
        finally:
            await session.release()


class Session:
    """One caller's connection, for as long as it is needed."""

    def __init__(self, database: Database) -> None:
        self.base_url = database.base_url
        self._database = database
        self._borrowed = database.connection()
        self._connection: Connection | None = None

    async def authenticate(self, token_hash: TokenHash) -> Principal:
        """Prove the token and set the connection's tenant, in one statement."""
        self._connection = await self._borrowed.__aenter__()
        (row,) = await self.fetch(STATEMENTS["authenticate"], [token_hash]) or (None,)
        if row is None:
            raise Unauthenticated("this token is not known or no longer holds: ask a lead of the project for a new one")
        who = Principal(token_hash=token_hash, **row)
        if who.suspended:
            raise Forbidden("the owner of this token or project is suspended: write to the operator of this server")
        return who

    async def fetch(self, statement: Statement, arguments: Sequence[Any]) -> list[Any]:
        """Read as the caller."""
        if self._connection is None:
            raise RuntimeError("a session reads before its act, not after it")
        try:
            return await self._connection.fetch(statement.text, *arguments)
        except DRIVER_ERRORS as error:
            raise refusal_for(error) from error

    async def act(self, project_id: int, statement: Statement, arguments: Sequence[Any]) -> Any:
        """Write as the caller, in the project's turn and on whichever connection is free then."""
        await self.release()
        return await self._database.act(project_id, statement, arguments)

    async def release(self) -> None:
        """Give the connection back; once is enough."""
        if self._connection is not None:
            self._connection = None
            await self._borrowed.__aexit__(None, None, None)
