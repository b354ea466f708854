"""Visits: an owner who is signed in, proved by the session of a browser, and what one request of theirs may run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Self

from signalbox import paths
from signalbox.db.loans import Loan
from signalbox.db.pool import Database
from signalbox.db.statements import Statement, parse
from signalbox.errors import NoCredential, NotFound, OwnerSuspended
from signalbox.identity import Owner, Principal, Scope

STATEMENTS = parse((paths.FUNCTIONS.parent / "visits.sql").read_text(encoding="utf-8"))
ALL_SCOPES: Final = frozenset(Scope)
NO_PROJECT: Final = "you have no project of this name: your projects are on the first page"


class Visit:
    """One request of a browser: its proof, and the connection it reads on. An Executor, for `async with`.

    `project` is the name of the project of the owner's that the request is about; without one, reads see all projects
    that the owner has.
    """

    def __init__(self, database: Database, session_hash: bytes, idle_seconds: int, project: str | None) -> None:
        self.base_url = database.base_url
        self.marks = database.marks
        self.database = database
        self.statements_run = 0
        self._arguments = (session_hash, idle_seconds, project)
        self._loan = Loan(database)
        self._owner: Owner | None = None
        self._who: Principal | None = None
        self._is_archived = False

    async def __aenter__(self) -> Self:
        """Prove the session.

        Raises:
            NoCredential: there is none, or it has ended.
            OwnerSuspended: the owner is.
        """
        try:
            await self._prove()
        except BaseException:
            await self.release()
            raise
        return self

    async def __aexit__(self, *_failure: object) -> None:
        await self.release()

    @property
    def owner(self) -> Owner:
        """Who is signed in."""
        assert self._owner is not None, "the visit has begun"
        return self._owner

    @property
    def who(self) -> Principal:
        """The owner as a participant of the project that the request is about.

        Raises:
            NotFound: the owner has no such project.
        """
        if self._who is None:
            raise NotFound(NO_PROJECT)
        return self._who

    @property
    def has_project(self) -> bool:
        """Whether the request is about a project of the owner's."""
        return self._who is not None

    @property
    def is_archived(self) -> bool:
        """Whether the project is archived: it may be read."""
        return self._is_archived

    async def _prove(self) -> None:
        (row,) = await self._run(STATEMENTS["visit"], self._arguments)
        if row["owner_id"] is None:
            raise NoCredential("sign in first")
        if row["suspended"]:
            raise OwnerSuspended("your account is suspended: write to the operator of this server")
        self._owner = Owner.model_validate({name: row[name] for name in Owner.model_fields})
        if row["project_id"] is not None:
            self._is_archived = row["archived"]
            self._who = _as_participant(self._owner, row)

    async def fetch(self, statement: Statement, arguments: Sequence[Any]) -> list[Any]:
        """Read as the owner, on a connection whose tenant a proof of this session has set."""
        if not self._loan.is_open:
            await self._prove()
        return await self._run(statement, arguments)

    async def _run(self, statement: Statement, arguments: Sequence[Any]) -> list[Any]:
        self.statements_run += 1
        return await self._loan.run(statement, arguments)

    async def act(self, project_id: int, fields: dict[str, Any]) -> str:
        """Write as the owner, in the project's turn and on whichever connection is free then."""
        await self.release()
        self.statements_run += 1
        return await self.database.act(project_id, fields)

    async def release(self) -> None:
        """Give the connection back; once is enough."""
        await self._loan.release()


class Visits:
    """What is read of a project and takes long, such as a file: an Executor whose every read is a visit of its own.

    So no connection waits for a slow reader, and what was ended meanwhile (a session, the project) ends the reading.
    """

    def __init__(self, database: Database, session_hash: bytes, idle_seconds: int, project: str | None) -> None:
        self.base_url = database.base_url
        self.marks = database.marks
        self._database = database
        self._arguments = (session_hash, idle_seconds, project)

    def open(self) -> Visit:
        """Make a visit, for `async with`."""
        return Visit(self._database, *self._arguments)

    async def fetch(self, statement: Statement, arguments: Sequence[Any]) -> list[Any]:
        """Read as the owner.

        Raises:
            NoCredential: the session has ended.
            Forbidden: the owner is suspended.
            NotFound: the project is not theirs any more, or has another name.
        """
        async with self.open() as visit:
            if not visit.has_project:
                raise NotFound(NO_PROJECT)
            return await visit.fetch(statement, arguments)

    async def act(self, project_id: int, fields: dict[str, Any]) -> str:
        """Write as the owner."""
        async with self.open() as visit:
            return await visit.act(project_id, fields)


def _as_participant(owner: Owner, row: Any) -> Principal:
    return Principal(
        project_id=row["project_id"],
        participation_id=row["participation_id"],
        project=row["project"],
        handle=owner.handle,
        label="",
        kind="human",
        role="lead",
        lane=None,
        scopes=ALL_SCOPES,
        liveness_seconds=row["liveness_seconds"],
        suspended=False,
        unread_posts=row["unread_posts"],
    )
