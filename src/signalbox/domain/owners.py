"""Owners and their projects, as the operator's commands set them up."""

from __future__ import annotations

import re
from typing import Final

from pydantic import BaseModel

from signalbox.db.statements import Executor, statements
from signalbox.errors import InvalidArguments
from signalbox.identity import Principal, Scope

sql = statements(__file__)

HANDLE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,38}")
PROJECT: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
RESERVED: Final = frozenset(
    {
        "admin",
        "all",
        "api",
        "everyone",
        "nobody",
        "none",
        "null",
        "server",
        "signalbox",
        "support",
        "system",
        "www",
    }
)


class OwnerRow(BaseModel):
    """An owner as the database keeps it."""

    owner_id: int
    handle: str
    email: str


class ProjectRow(BaseModel):
    """A project and the owner's own participation in it."""

    project_id: int
    participation_id: int


def handle_from(name: str) -> str:
    """Make a handle of an email's first part or of a system user's name."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.split("@", maxsplit=1)[0].lower()).strip("-")[:39].strip("-") or "owner"
    return f"{plain[:33]}-owner" if plain in RESERVED else plain


async def bootstrap_owner(db: Executor, email: str, handle: str | None) -> OwnerRow:
    """Answer the owner of an email; make it when there is none.

    Raises:
        InvalidArguments: the email or the handle cannot be one.
        Conflict: the handle is another owner's.
    """
    chosen = handle or handle_from(email)
    if HANDLE.fullmatch(chosen) is None or chosen in RESERVED:
        raise InvalidArguments(
            f"{chosen!r} cannot be a handle: 1 to 39 of a-z, 0-9 and -, none of {', '.join(sorted(RESERVED))}"
        )
    if EMAIL.fullmatch(email) is None:
        raise InvalidArguments(f"{email!r} is not an email address")
    owner = await sql.find_owner.first(db, OwnerRow, email=email)
    if owner is not None:
        return owner
    return await sql.create_owner.one(db, OwnerRow, handle=chosen, email=email)


async def first_owner(db: Executor) -> OwnerRow | None:
    """Answer the owner who set the server up, if anybody did."""
    return await sql.any_owner.first(db, OwnerRow)


async def in_project(db: Executor, owner: OwnerRow, project: str) -> Principal:
    """Answer the owner as a participant of its own project, which is made when there is none of this name.

    Only for commands on the server itself: no token stands behind it.

    Raises:
        InvalidArguments: the name cannot be a project's.
    """
    if PROJECT.fullmatch(project) is None:
        raise InvalidArguments(f"{project!r} cannot be a project: a-z, 0-9, . _ -, 64 at most, no sign first")
    row = await sql.create_project.one(db, ProjectRow, owner_id=owner.owner_id, name=project)
    return Principal(
        project_id=row.project_id,
        participation_id=row.participation_id,
        project=project,
        handle=owner.handle,
        label="",
        kind="human",
        role="lead",
        lane=None,
        scopes=frozenset(Scope),
        liveness_seconds=900,
        suspended=False,
        unread_posts=0,
    )
