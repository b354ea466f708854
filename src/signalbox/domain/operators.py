"""What the operators of a server see and do. Pages let only owners who operate come here."""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from signalbox import paths
from signalbox.db.statements import Executor, statements
from signalbox.errors import NotFound, Unavailable
from signalbox.tool import Moment, Result

if TYPE_CHECKING:
    from signalbox.db.pool import Database

log = logging.getLogger("signalbox")

sql = statements(__file__)

PAGE_MAX: Final = 200
ERRORS_WAITING_MAX: Final = 50
SOURCES: Final = paths.FUNCTIONS.parent.parent
SECRET: Final = re.compile(r"[\w~+=.-]{20,}", re.ASCII)
"""What may be a code or a token in a path; names that are as long are hidden with them."""


class OwnerSummary(Result):
    """An owner as operators see it."""

    owner_id: int
    handle: str
    email: str
    is_operator: bool
    created_at: Moment
    suspended_at: Moment | None = None
    projects: int


class ProjectSummary(Result):
    """A project as operators see it: how big it is, and nothing of what is in it."""

    project_id: int
    project: str
    handle: str
    created_at: Moment
    archived_at: Moment | None = None
    events: int
    posts: int
    tasks: int
    last_at: Moment | None = None


class ServerFacts(Result):
    """The database as it is now."""

    server_version: str
    schema_revision: str
    database_bytes: int
    connections_used: int
    connections_max: int
    oldest_transaction_seconds: float | None = None


class Suspension(Result):
    """Whether an owner is suspended, and since when."""

    owner_id: int
    handle: str
    suspended_at: Moment | None = None


class ServerError(Result):
    """An error that its caller was told nothing about but the id of the request."""

    error_id: int
    at: Moment
    request_id: str
    method: str
    path: str
    kind: str
    place: str


async def list_owners(db: Executor, after: int | None = None, limit: int = PAGE_MAX) -> list[OwnerSummary]:
    """Answer a page of owners, longest here first; `after` is the last `owner_id` of the page before."""
    return await sql.list_owners.all(db, OwnerSummary, after=after or 0, limit=min(limit, PAGE_MAX))


async def one_owner(db: Executor, owner_id: int) -> OwnerSummary:
    """Answer one owner; raises NotFound when there is none with this id."""
    owner = await sql.one_owner.first(db, OwnerSummary, owner_id=owner_id)
    if owner is None:
        raise NotFound("there is no such owner")
    return owner


async def list_all_projects(db: Executor, after: int | None = None, limit: int = PAGE_MAX) -> list[ProjectSummary]:
    """Answer a page of all projects, oldest first; `after` is the last `project_id` of the page before."""
    return await sql.list_all_projects.all(db, ProjectSummary, after=after or 0, limit=min(limit, PAGE_MAX))


async def server_facts(db: Executor) -> ServerFacts:
    """Answer what the database says of itself."""
    return await sql.server_facts.one(db, ServerFacts)


async def suspend_owner(db: Executor, operator_owner_id: int, handle: str, *, suspended: bool) -> Suspension:
    """Suspend the owner of a handle, or let it be again: its tokens, and those of its projects, do nothing meanwhile.

    Raises:
        Forbidden: who asks does not operate the server, or is suspended.
        NotFound: nobody has or had this handle.
        Conflict: it is the operator itself.
    """
    return await sql.suspend_owner.one(db, Suspension, operator=operator_owner_id, handle=handle, suspended=suspended)


async def list_errors(db: Executor) -> list[ServerError]:
    """Answer the errors that are kept, newest first."""
    return await sql.list_errors.all(db, ServerError)


async def note_error(database: Database, request_id: str, method: str, path: str, error: BaseException) -> None:
    """Keep an error: what broke and where, never with what. The newest 200 are kept."""
    values = {
        "request_id": request_id,
        "method": method[:20],
        "path": SECRET.sub("…", path)[:200].replace("\0", "…"),
        "kind": type(error).__qualname__[:100],
        "place": _place(error)[:200],
    }
    await database.run(sql.note_error, sql.note_error.arguments(values))


def _place(error: BaseException) -> str:
    """Name the last line of ours that it went through, or the last one at all."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(SOURCES)]
    for frame in reversed(ours or frames):
        path = Path(frame.filename)
        name = path.relative_to(SOURCES).as_posix() if ours else path.name
        return f"{name}:{frame.lineno} {frame.name}"
    return "unknown"


class ErrorNotes:
    """Errors on their way to where operators see them. Noting one waits for nothing and cannot fail."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, str, str, BaseException]] = deque(maxlen=ERRORS_WAITING_MAX)
        self._woken = asyncio.Event()

    def note(self, request_id: str, method: str, path: str, error: BaseException) -> None:
        """Leave an error to be kept; when many wait the oldest is lost."""
        self._waiting.append((request_id, method, path, error))
        self._woken.set()

    @asynccontextmanager
    async def writing(self, database: Database) -> AsyncIterator[None]:
        """Keep what is noted meanwhile, and what is left at the end."""
        writer = asyncio.create_task(self._write(database))
        try:
            yield
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            await self._write_waiting(database)

    async def _write(self, database: Database) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            await self._write_waiting(database)

    async def _write_waiting(self, database: Database) -> None:
        while self._waiting:
            request_id, method, path, error = self._waiting.popleft()
            try:
                await note_error(database, request_id, method, path, error)
            except Unavailable:
                log.warning("the error of request %s is in this log only: the database does not answer", request_id)
            except Exception:
                log.exception("the error of request %s is in this log only", request_id)
