"""Owners and their handles, and the first project, as the operator's commands set them up."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from pydantic import BaseModel

from signalbox.db.statements import Executor, statements
from signalbox.errors import InvalidArguments
from signalbox.identity import Principal, Scope

sql = statements(__file__)

HANDLE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,38}")
PROJECT: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
ADDRESSES: Final = """
all anybody anyone everybody everyone here nobody none null undefined unknown anonymous me self you
agent agents human humans lane lanes lead leads member members owners participant participants channel
admin administrator operator operators server signalbox system support help helpdesk security moderator staff
abuse hostmaster mailer-daemon noreply no-reply postmaster webmaster
"""
"""Whom a post could seem to go to, or to come from."""
PLACES: Final = """
about account accounts api app assets auth callback channels docs errors events export favicon healthz home hooks
invite invites join ledger legal login logout mail mcp metrics new oauth oidc posts privacy project projects public
readyz register search session sessions settings sign-in sign-out sign-up signin signout signup static status style
tasks terms threads token tokens tools well-known www
"""
"""What stands, or may come to stand, in an address of this server."""
RESERVED: Final = frozenset(f"{ADDRESSES} {PLACES}".split())


class OwnerRow(BaseModel):
    """An owner as the database keeps it."""

    owner_id: int
    handle: str
    email: str


class Handle(BaseModel):
    """A handle that an owner has or had: both are its addresses."""

    handle: str
    taken_at: datetime
    is_current: bool


class Renamed(BaseModel):
    """The handle an owner has now."""

    handle: str


class ProjectRow(BaseModel):
    """A project and the owner's own participation in it."""

    project_id: int
    participation_id: int


def handle_from(name: str) -> str:
    """Make a handle of an email's first part or of a system user's name."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.split("@", maxsplit=1)[0].lower()).strip("-")[:39].strip("-") or "owner"
    return f"{plain[:33]}-owner" if plain in RESERVED else plain


def wished_handle(wish: str) -> str:
    """Read a handle as somebody wishes it: case does not matter.

    Raises:
        InvalidArguments: it cannot be one, or means something else here.
    """
    handle = wish.lower()
    if HANDLE.fullmatch(handle) is None:
        raise InvalidArguments(
            f"{wish[:80]!r} cannot be a handle: 1 to 39 of a-z, 0-9 and -, the first no -", field="handle"
        )
    if handle in RESERVED:
        raise InvalidArguments(f"{handle!r} cannot be a handle: it means something else here", field="handle")
    return handle


def _email(email: str) -> str:
    if EMAIL.fullmatch(email) is None:
        raise InvalidArguments(f"{email[:80]!r} is not an email address", field="email")
    return email


async def bootstrap_owner(db: Executor, email: str, handle: str | None) -> OwnerRow:
    """Answer the owner of an email; make it when there is none. The first one made so operates the server.

    Raises:
        InvalidArguments: the email or the handle cannot be one.
        Conflict: the handle is, or was, another owner's.
    """
    chosen = wished_handle(handle or handle_from(email))
    owner = await sql.find_owner.first(db, OwnerRow, email=_email(email))
    if owner is not None:
        return owner
    return await sql.create_owner.one(db, OwnerRow, handle=chosen, email=email)


async def change_handle(db: Executor, owner_id: int, handle: str) -> Renamed:
    """Give an owner another handle. The old one stays its address, and names in what happened stay as they were.

    Raises:
        InvalidArguments: it cannot be a handle.
        Conflict: it is or was another owner's; with free `suggestions`.
        TooMany: the owner has had as many as one may have; with those `handles`.
        Unavailable: a project of the owner is too busy just now.
    """
    return await sql.change_handle.one(db, Renamed, owner_id=owner_id, handle=wished_handle(handle))


async def list_handles(db: Executor, owner_id: int) -> list[Handle]:
    """Answer the handles that an owner has and had, oldest first."""
    return await sql.list_handles.all(db, Handle, owner_id=owner_id)


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
