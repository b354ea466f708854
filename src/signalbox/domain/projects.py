"""Projects: their beginning, their settings and their end, in the hands of their owner."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from signalbox.db.acts import act
from signalbox.db.statements import Executor, statements
from signalbox.domain.exports import ExportWish, export_lines
from signalbox.domain.owners import PROJECT, ProjectRow
from signalbox.errors import InvalidArguments, NotFound
from signalbox.identity import Principal
from signalbox.tool import ActArgs, Moment, Result

sql = statements(__file__)

LIVENESS_SECONDS_MIN: Final = 60
LIVENESS_SECONDS_MAX: Final = 86_400


class ProjectSettings(Result):
    """What the owner of a project may change, and what its end depends on."""

    project: str
    liveness_seconds: int
    created_at: Moment
    archived_at: Moment | None = None
    exported_seq: int | None = None
    head: int


class ProjectName(Result):
    """What a project is called now."""

    project: str


class Liveness(Result):
    """For how long somebody counts as active after a call."""

    liveness_seconds: int


class Archived(Result):
    """Since when a project is closed; None when it is open."""

    archived_at: Moment | None = None


class Exported(Result):
    """Up to which event a project was exported."""

    exported_seq: int


class Deleted(Result):
    """A project that is no more."""

    project: str
    deleted_at: Moment


def _project_name(wish: str) -> str:
    if PROJECT.fullmatch(wish) is None:
        raise InvalidArguments(
            f"{wish[:80]!r} cannot be a project: a-z, 0-9, . _ -, 64 at most, no sign first", field="name"
        )
    return wish


async def create_project(db: Executor, owner_id: int, name: str) -> ProjectRow:
    """Make a project of an owner, who leads it.

    Raises:
        InvalidArguments: the name cannot be a project's.
        Conflict: the owner has a project of this name.
        TooMany: the owner has 200 projects.
    """
    return await sql.new_project.one(db, ProjectRow, owner_id=owner_id, name=_project_name(name))


async def project_settings(db: Executor, who: Principal) -> ProjectSettings:
    """Answer a project's settings, archived or not.

    Raises:
        NotFound: it was deleted.
    """
    settings = await sql.project_settings.first(db, ProjectSettings, project_id=who.project_id)
    if settings is None:
        raise NotFound("there is no such project any more")
    return settings


async def rename_project(db: Executor, who: Principal, name: str) -> ProjectName:
    """Give a project another name; the old one is free at once.

    Raises:
        InvalidArguments: the name cannot be a project's.
        Conflict: the owner has a project of this name, or this one is archived.
        Forbidden: the caller does not own the project.
    """
    return await act(db, "rename_project", ProjectName, who, ActArgs(), name=_project_name(name))


async def set_liveness(db: Executor, who: Principal, liveness_seconds: int) -> Liveness:
    """Say for how long somebody counts as active after a call.

    Raises:
        InvalidArguments: that is less than a minute or more than a day.
        Conflict: the project is archived.
        Forbidden: the caller does not own the project.
    """
    if not LIVENESS_SECONDS_MIN <= liveness_seconds <= LIVENESS_SECONDS_MAX:
        raise InvalidArguments(
            f"the window is {LIVENESS_SECONDS_MIN} to {LIVENESS_SECONDS_MAX} seconds long", field="liveness_seconds"
        )
    return await act(db, "set_liveness", Liveness, who, ActArgs(), liveness_seconds=liveness_seconds)


async def archive_project(db: Executor, who: Principal) -> Archived:
    """Close a project: its tokens and invites do not hold until it is opened again. Again, it changes nothing.

    Raises:
        Forbidden: the caller does not own the project.
    """
    return await act(db, "archive_project", Archived, who, ActArgs())


async def unarchive_project(db: Executor, who: Principal) -> Archived:
    """Open an archived project again, with the tokens it had. Again, it changes nothing.

    Raises:
        Forbidden: the caller does not own the project.
    """
    return await act(db, "unarchive_project", Archived, who, ActArgs())


async def note_export(db: Executor, who: Principal, upto_seq: int) -> Exported:
    """Remember that the ledger was exported up to an event; less than before changes nothing.

    Raises:
        Forbidden: the caller does not own the project.
    """
    return await act(db, "note_export", Exported, who, ActArgs(), upto_seq=upto_seq)


async def export_project(db: Executor, who: Principal, wish: ExportWish, *, upto: int) -> AsyncGenerator[str, None]:
    """Write the whole ledger as chunks of text, and remember how far it went once the last of them was taken."""
    async with aclosing(export_lines(db, who, wish, upto=upto)) as chunks:
        async for text in chunks:
            yield text
    await note_export(db, who, upto)


async def delete_project(db: Executor, who: Principal, typed_name: str) -> Deleted:
    """End a project for good. From now on it is nowhere; its rows are purged in the minutes after.

    Raises:
        Conflict: it is not archived, not exported up to its last event, or the name is not the project's.
        Forbidden: the caller does not own the project.
    """
    return await act(db, "delete_project", Deleted, who, ActArgs(), typed_name=typed_name)
