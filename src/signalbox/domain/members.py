"""A project's members, as its leads manage them: who is and was in it, with which role and lane."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from signalbox import identity
from signalbox.db.acts import act
from signalbox.db.statements import Executor, statements
from signalbox.domain.participants import SHOWN_BEFORE, Kind
from signalbox.domain.presence import Availability, Reach, Visibility
from signalbox.errors import NotFound
from signalbox.identity import Principal, Scope, ToolGroup
from signalbox.tool import ActArgs, ActorName, Id, Label, Lane, LineOrNothing, Moment, Result

sql = statements(__file__)

Role = Literal["member", "lead"]
ALL_SCOPES: Final = tuple(Scope)
TOKEN_SECONDS_MAX: Final = 10 * 365 * 86_400
MEMBERS_MAX: Final = 1000  # of a project, those who were removed too

Scopes = Annotated[tuple[Annotated[Scope, Field(strict=False)], ...], Field(min_length=1, max_length=3, strict=False)]
ToolGroups = Annotated[
    tuple[Annotated[ToolGroup, Field(strict=False)], ...], Field(min_length=1, max_length=len(ToolGroup), strict=False)
]
TokenSeconds = Annotated[Id, Field(le=TOKEN_SECONDS_MAX)]


class Member(Result):
    """Somebody who is or was in the project."""

    participation_id: int
    actor: str
    handle: str
    label: str
    kind: Kind
    role: Role
    lane: str | None = None
    granted_at: Moment
    removed_at: Moment | None = None
    last_seen_at: Moment | None = None
    token_active: bool
    is_foreign: bool
    status: str | None = None
    availability: Availability | None = None
    visibility: Visibility | None = None
    tags: list[str]
    reach: Reach | Literal["none"]
    former_labels: Annotated[list[str], Field(description="Latest first; each still reaches it.")]

    @property
    def is_owner(self) -> bool:
        """Whether this is the project's owner, by its bare handle."""
        return self.label == ""


async def list_members(
    db: Executor, who: Principal, *, after: int = 0, limit: int = MEMBERS_MAX, is_removed: bool | None = None
) -> list[Member]:
    """Answer who is and was in the project, or one of both, longest in first; `after` a participation_id."""
    return await sql.list_members.all(
        db, Member, project_id=who.project_id, after=after, limit=limit, is_removed=is_removed
    )


async def get_member(db: Executor, who: Principal, participation_id: int) -> Member:
    """Answer one who is or was in the project.

    Raises:
        NotFound: nobody is or was, by this number.
    """
    for member in await list_members(db, who, after=participation_id - 1, limit=1):
        if member.participation_id == participation_id:
            return member
    raise NotFound("nobody is or was in this project by this number: look at the list of its participants")


class GrantArgs(ActArgs):
    """Whom of the project's owner to bring in, and with what token."""

    participant_name: Label
    kind: Kind = "agent"
    lane: Lane | None = None
    role: Role = "member"
    with_token: bool = True
    scopes: Scopes = ALL_SCOPES
    expires_in_seconds: TokenSeconds | None = None


class Granted(Result):
    """A member with its token, if it was to get one; the secret is shown once."""

    actor: str
    kind: Kind
    lane: str | None = None
    is_admin: bool
    token_id: int | None = None
    expires_at: Moment | None = None
    token: str | None = None
    secret_shown_before: bool | None = None
    next: str | None = None


async def grant(db: Executor, who: Principal, args: GrantArgs) -> Granted:
    """Bring an existing or new participant of the project's owner in; raises Conflict when it is in already."""
    secret, new_hash = identity.mint_token()
    answer = await act(
        db,
        "admin_grant",
        Granted,
        who,
        args,
        label=args.participant_name,
        kind=args.kind,
        lane=args.lane,
        role=args.role,
        new_token_hash=new_hash if args.with_token else None,
        scopes=sorted(set(args.scopes)),
        valid_seconds=args.expires_in_seconds,
    )
    if not args.with_token:
        return answer
    if answer.secret_shown_before:
        return answer.model_copy(update={"next": SHOWN_BEFORE})
    return answer.model_copy(update={"token": secret})


class ChangeArgs(ActArgs):
    """What to change of a member; what is left out stays."""

    participant_name: ActorName
    role: Role | None = None
    lane: Annotated[LineOrNothing | None, Field(max_length=64, description='"" takes it away.')] = None


class ChangedMember(Result):
    """A member as it is now."""

    actor: str
    role: Role
    lane: str | None = None


async def change_member(db: Executor, who: Principal, args: ChangeArgs) -> ChangedMember:
    """Change a member's role or lane, from its next call on.

    Raises:
        Forbidden: the caller is no lead, or the member is the owner, who stays a lead.
        NotFound: nobody of this name is in the project.
    """
    return await act(
        db, "change_member", ChangedMember, who, args, name=args.participant_name, role=args.role, lane=args.lane
    )


class RemoveArgs(ActArgs):
    """Whom to take out."""

    participant_name: ActorName


class Removed(Result):
    """Who is out, and how many tokens and leases ended with it."""

    actor: str
    revoked: int
    released: int


async def remove_member(db: Executor, who: Principal, args: RemoveArgs) -> Removed:
    """Take a member out: its tokens end, its leases are released, what it wrote stays.

    Raises:
        Forbidden: the caller is no lead, or the member is the owner, who stays.
        NotFound: nobody of this name is in the project.
    """
    return await act(db, "admin_remove", Removed, who, args, name=args.participant_name)
