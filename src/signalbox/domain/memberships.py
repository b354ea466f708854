"""An owner's participants, and where they take part: in their own projects, and by invite in others'."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from signalbox.db.acts import act
from signalbox.db.statements import Executor, statements
from signalbox.domain.members import Removed, Role
from signalbox.domain.participants import Kind
from signalbox.errors import Conflict, NotFound
from signalbox.identity import Principal, Scope
from signalbox.tool import ActArgs, Args, FromJson, Label, Moment, Result

sql = statements(__file__)


class ParticipantArgs(Args):
    """Whom to create."""

    label: Label
    kind: Kind = "agent"


class Participation(Result):
    """A project that a participant is in."""

    project_id: int
    project: str
    handle: str
    role: Role


class OwnedParticipant(Result):
    """One of an owner's participants, with the projects it is in now."""

    participant_id: int
    label: str
    kind: Kind
    created_at: Moment
    projects: Annotated[list[Participation], FromJson] = Field(default_factory=list)


async def create_participant(db: Executor, owner_id: int, args: ParticipantArgs) -> OwnedParticipant:
    """Make an identity that is in no project yet.

    Raises:
        Conflict: the owner has one of this label.
    """
    made = await sql.create_participant.first(db, OwnedParticipant, owner_id=owner_id, label=args.label, kind=args.kind)
    if made is None:
        raise Conflict(f"you have a participant {args.label!r} already: choose another name, or grant this one")
    return made


async def list_owner_participants(
    db: Executor, owner_id: int, *, after: str = "", limit: int = 100, outside_project_id: int | None = None
) -> list[OwnedParticipant]:
    """Answer an owner's participants by label, `after` one, or only those that are not in a project now.

    The owner itself is none of them.
    """
    return await sql.list_owner_participants.all(
        db, OwnedParticipant, owner_id=owner_id, after=after, limit=limit, outside_project_id=outside_project_id
    )


class Membership(Result):
    """Where one of an owner's participants takes part in somebody else's project."""

    participation_id: int
    project_id: int
    project: str
    project_handle: str
    handle: str
    label: str
    actor: str
    kind: Kind
    role: Role
    lane: str | None = None
    granted_at: Moment
    liveness_seconds: int


async def list_foreign_memberships(
    db: Executor, owner_id: int, *, after: int = 0, limit: int = 100
) -> list[Membership]:
    """Answer where an owner's participants take part in others' projects, longest in first."""
    return await sql.list_foreign_memberships.all(
        db, Membership, owner_id=owner_id, participation_id=None, after=after, limit=limit
    )


async def leave(db: Executor, owner_id: int, participation_id: int) -> Removed:
    """Take one's participant out of somebody else's project: its tokens there end.

    Raises:
        NotFound: there is no such membership of this owner.
    """
    membership = await sql.list_foreign_memberships.first(
        db, Membership, owner_id=owner_id, participation_id=participation_id, after=0, limit=1
    )
    if membership is None:
        raise NotFound("none of your participants takes part there (any more)")
    return await act(db, "leave", Removed, _as_participant(membership), ActArgs())


def _as_participant(membership: Membership) -> Principal:
    """Speak as one's own participant: for the owner, whose session the page has checked."""
    fields: dict[str, Any] = membership.model_dump(
        include={"project_id", "participation_id", "project", "handle", "label", "kind", "role", "lane"}
    )
    return Principal(
        **fields,
        scopes=frozenset(Scope),
        liveness_seconds=membership.liveness_seconds,
        suspended=False,
        unread_posts=0,
    )
