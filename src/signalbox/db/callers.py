"""Callers: who sent a request, proved by its token, and the statements it may run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Self

from signalbox import paths
from signalbox.db.loans import Loan
from signalbox.db.pool import Database
from signalbox.db.rooms import Concerns, Waiter
from signalbox.db.statements import Statement, parse
from signalbox.errors import OwnerSuspended, Unauthenticated
from signalbox.identity import Principal, TokenHash

KNOWN_SECONDS: Final = 60.0
KNOWN_MAX: Final = 10_000
SILENT_SECONDS_MAX: Final = 50.0  # of a silent answer: three of four clients give one up after 60
SUSPENDED: Final = "the owner of this token or project is suspended: write to the operator of this server"

STATEMENTS = parse((paths.FUNCTIONS.parent / "callers.sql").read_text(encoding="utf-8"))


class Callers:
    """Opens the session of each request.

    Whose a token is, in which project and with which scopes, never changes: so that is remembered for a minute and
    routes an act, whose own function proves token, membership and session again under the head lock. Everything else
    is proved by the database at each request.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._known: dict[bytes, tuple[float, Principal]] = {}

    def session(self, token_hash: TokenHash, mcp_session: bytes | None = None) -> Session:
        """Make a caller's session, for `async with`; nothing is asked of the database yet."""
        return Session(self, token_hash, mcp_session)

    def reads(self, token_hash: TokenHash) -> Reads:
        """Make what a caller reads with that takes long."""
        return Reads(self, token_hash)

    def known(self, token_hash: TokenHash) -> Principal | None:
        """Answer who a token was proved to be within the last minute."""
        proved_at, who = self._known.get(token_hash, (0.0, None))
        return who if time.monotonic() - proved_at < KNOWN_SECONDS else None

    def project_of(self, token_hash: TokenHash) -> int | None:
        """Answer whose request it probably is: to share things out by, nothing more."""
        _, who = self._known.get(token_hash, (0.0, None))
        return None if who is None else who.project_id

    def forget(self, token_hash: TokenHash) -> None:
        """Drop what was kept of a token that does not hold any more."""
        self._known.pop(token_hash, None)

    def remember(self, who: Principal, token_hash: TokenHash) -> None:
        """Keep what a proof has just found."""
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        self._known[token_hash] = (time.monotonic(), who)


class Session:
    """One caller's request: its proof, and the connection it reads on, for as long as it is needed."""

    def __init__(self, callers: Callers, token_hash: TokenHash, mcp_session: bytes | None) -> None:
        self.base_url = callers.database.base_url
        self.marks = callers.database.marks
        self.wait_seconds_max = SILENT_SECONDS_MAX
        """For how long the way in which this caller calls lets a tool keep it waiting."""
        self._callers = callers
        self._token_hash = token_hash
        self._mcp_session = mcp_session
        self._loan = Loan(callers.database)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Unauthenticated):
            self._callers.forget(self._token_hash)
        await self.release()

    async def who(self, *, for_act: bool = False) -> Principal:
        """Say who calls. For an act, a proof of the last minute will do: the act proves it again.

        Raises:
            Unauthenticated: the token is not known, revoked or expired.
            OwnerSuspended: the owner of the token or of the project is suspended.
            SessionEnded: the handshake-era session that the request names was ended.
        """
        known = self._callers.known(self._token_hash) if for_act else None
        return known or await self._authenticate()

    async def _authenticate(self) -> Principal:
        """Prove the token and set the connection's tenant, in one statement."""
        (row,) = await self._loan.run(STATEMENTS["authenticate"], [self._token_hash, self._mcp_session])
        if row["project_id"] is None:
            raise Unauthenticated("this token is not known or no longer holds: ask a lead of the project for a new one")
        who = Principal(token_hash=self._token_hash, **row)
        if who.suspended:
            raise OwnerSuspended(SUSPENDED)
        self._callers.remember(who, self._token_hash)
        return who

    async def fetch(self, statement: Statement, arguments: Sequence[Any]) -> list[Any]:
        """Read as the caller, on a connection whose tenant a proof of this session has set."""
        if not self._loan.is_open:
            await self._authenticate()
        return await self._loan.run(statement, arguments)

    async def act(self, project_id: int, fields: dict[str, Any]) -> str:
        """Write as the caller, in the project's turn and on whichever connection is free then."""
        await self.release()
        return await self._callers.database.act(project_id, fields | {"session": self._mcp_session})

    def watching(self, who: Principal, concerns: Concerns) -> AbstractContextManager[Waiter]:
        """Be told of what may concern the caller, from now until the block ends; see Waiters.

        Raises:
            TooMany: the participant, or the worker, has as many waiters as it may.
        """
        return self._callers.database.waiters.watching(who, self._mcp_session, concerns)

    async def release(self) -> None:
        """Give the connection back; once is enough."""
        await self._loan.release()


class Reads:
    """What a caller reads of a project and takes long, such as a file: an Executor whose every read is a session.

    So no connection waits for a slow reader, and what was ended meanwhile (the token, a lane's membership) counts.
    """

    def __init__(self, callers: Callers, token_hash: TokenHash) -> None:
        self.base_url = callers.database.base_url
        self.marks = callers.database.marks
        self._callers = callers
        self._token_hash = token_hash

    async def fetch(self, statement: Statement, arguments: Sequence[Any]) -> list[Any]:
        """Read as the caller.

        Raises:
            Unauthenticated: the token does not hold any more.
            OwnerSuspended: the owner of the token or of the project is suspended.
        """
        async with self._callers.session(self._token_hash) as session:
            return await session.fetch(statement, arguments)

    async def act(self, project_id: int, fields: dict[str, Any]) -> str:
        """Write as the caller."""
        async with self._callers.session(self._token_hash) as session:
            return await session.act(project_id, fields)
