"""Invites: codes that their holders redeem for a token of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field
from pydantic_core import from_json

from signalbox.db.acts import act
from signalbox.db.statements import Executor, statements
from signalbox.domain import onboarding
from signalbox.domain.members import Role
from signalbox.domain.participants import Kind
from signalbox.errors import Conflict, InvalidArguments, NotFound, Refusal
from signalbox.identity import Principal, Scope, ToolGroup, code_hash, mint_code, mint_token
from signalbox.tool import ActArgs, Effect, Id, Label, Lane, Moment, Result, Tool

if TYPE_CHECKING:
    from signalbox.db.pool import Database

sql = statements(__file__)

LABEL: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class InviteArgs(ActArgs):
    """Whom to invite, and for how long the code holds."""

    participant_name: Annotated[Label | None, Field(description="Left out, the invited choose a new one.")] = None
    kind: Kind = "agent"
    lane: Lane | None = None
    is_admin: bool = False
    uses: Annotated[Id, Field(le=50)] = 1
    ttl_hours: Annotated[Id, Field(le=168)] = 24


class Invite(Result):
    """An invite; the code is shown once."""

    invite_id: int
    code: str | None = None
    expires_at: Moment
    redeem_url: str | None = None
    invite_prompt: str | None = None
    secret_shown_before: bool | None = None
    next: str | None = None


async def create_invite(db: Executor, who: Principal, args: InviteArgs) -> Invite:
    """Make an invite and the text to send with it."""
    code, new_hash = mint_code()
    invite = await act(
        db,
        "create_invite",
        Invite,
        who,
        args,
        code_hash=new_hash,
        label=args.participant_name,
        kind=args.kind,
        lane=args.lane,
        role="lead" if args.is_admin else "member",
        uses=args.uses,
        ttl_hours=args.ttl_hours,
    )
    if invite.secret_shown_before:
        return invite.model_copy(update={"next": "the code was shown once, at the first call: make another invite"})
    until = f"{invite.expires_at:%Y-%m-%d %H:%M} UTC"
    prompt = onboarding.invite_prompt(db.base_url, who.project, code, args.participant_name, until)
    return invite.model_copy(update={"code": code, "redeem_url": f"{db.base_url}/join", "invite_prompt": prompt})


@dataclass(frozen=True)
class Joined:
    """What redeeming came to: an HTTP status, and the JSON answer that `/join` promises."""

    status: int
    answer: dict[str, Any]


STATUSES: Final = {
    "name_required": 400,
    "name_invalid": 400,
    "invalid": 404,
    "name_taken": 409,
    "expired": 410,
    "exhausted": 410,
}


async def redeem(database: Database, code: str, name: str | None) -> Joined:
    """Redeem a code. A code that is refused keeps its use."""
    known_hash = code_hash(code)
    if name is not None and LABEL.fullmatch(name) is None:
        return _refused("name_invalid")
    if known_hash is None:
        return _refused("invalid")
    secret, new_hash = mint_token()
    (row,) = await database.run(sql.redeem, [known_hash, name, new_hash])
    outcome = from_json(row["answer"])
    if "error" in outcome:
        return _refused(outcome["error"])
    card = onboarding.hand_out(database.base_url, secret, is_lead=outcome["is_admin"])
    return Joined(
        200,
        {
            "ok": True,
            "project": outcome["project"],
            "project_name": outcome["project"],
            "participant": outcome["participant"],
            "actor": outcome["actor"],
            "created": outcome["created"],
            "token": secret,
            "mcp_url": card.mcp_url,
            "connect_command": card.agent_command,
            "files": card.files["claude"],
            "guide": card.guide,
            "next": card.next,
        },
    )


def _refused(error: str) -> Joined:
    return Joined(STATUSES[error], {"ok": False, "error": error})


class ListedInvite(Result):
    """An invite as lists show it: never the code, nor its hash."""

    invite_id: int
    name: str | None = None
    kind: Kind
    lane: str | None = None
    role: Role
    uses: int
    uses_max: int
    created_by: str
    created_at: Moment
    expires_at: Moment
    revoked_at: Moment | None = None
    state: Literal["open", "used", "expired", "revoked"]


async def list_invites(
    db: Executor, who: Principal, *, before: int | None = None, limit: int = 100
) -> list[ListedInvite]:
    """Answer the project's invites, newest first; `before` an invite_id."""
    return await sql.list_invites.all(db, ListedInvite, project_id=who.project_id, before=before, limit=limit)


class RevokeInviteArgs(ActArgs):
    """Which invite."""

    invite_id: Id


class RevokedInvite(Result):
    """An invite that holds no more; `revoked` is 0 when it was revoked before."""

    invite_id: int
    revoked: int


async def revoke_invite(db: Executor, who: Principal, args: RevokeInviteArgs) -> RevokedInvite:
    """End an invite; who has joined by it stays.

    Raises:
        Forbidden: the caller is no lead.
        NotFound: the project has no such invite.
    """
    return await act(db, "revoke_invite", RevokedInvite, who, args, invite_id=args.invite_id)


InviteError = Literal["invalid", "expired", "exhausted", "name_required", "name_invalid", "name_taken"]


class Offer(Result):
    """What an invite offers to whoever has its code; with an `error`, nothing else."""

    error: InviteError | None = None
    project: str | None = None
    project_handle: str | None = None
    kind: Kind | None = None
    lane: str | None = None
    role: Role | None = None
    name: str | None = None
    expires_at: Moment | None = None


async def look_at_invite(db: Executor, code: str) -> Offer:
    """Answer what an invite offers, and take no use of it."""
    known_hash = code_hash(code)
    offer = None if known_hash is None else await sql.look_at_invite.first(db, Offer, code_hash=known_hash)
    if offer is None:
        return Offer(error="invalid")
    return offer if offer.error is None else Offer(error=offer.error)


class Accepted(Result):
    """Where an owner's participant is in now, with its token, shown once."""

    project: str
    participant: str
    actor: str
    created: bool
    is_admin: bool
    token: str


REFUSALS: Final[dict[str, Refusal]] = {
    "invalid": NotFound("this invite is not known or was revoked: ask who sent it for another"),
    "expired": Conflict("this invite has expired: ask who sent it for another", error="expired"),
    "exhausted": Conflict("this invite was used already: ask who sent it for another", error="exhausted"),
    "name_required": InvalidArguments("name is required: choose what your participant is called"),
    "name_invalid": InvalidArguments("name: a-z, 0-9, . _ -, 64 at most, no sign first"),
}


async def accept_invite(database: Database, code: str, owner_id: int, name: str | None) -> Accepted:
    """Redeem an invite for a participant of an owner who is signed in; one of this name is used again.

    Raises:
        NotFound: the code is not known, or was revoked.
        Conflict: the invite has expired or was used; `error` says which.
        InvalidArguments: the invite leaves the name open, and there is none or it cannot be one.
        Forbidden: the owner is suspended.
    """
    known_hash = code_hash(code)
    if name is not None and LABEL.fullmatch(name) is None:
        raise _as_refusal("name_invalid")
    if known_hash is None:
        raise _as_refusal("invalid")
    secret, new_hash = mint_token()
    (row,) = await database.run(sql.accept_invite, [known_hash, owner_id, name, new_hash])
    outcome = from_json(row["answer"])
    if "error" in outcome:
        raise _as_refusal(outcome["error"])
    return Accepted(**outcome, token=secret)


def _as_refusal(error: str) -> Refusal:
    refusal = REFUSALS[error]
    return type(refusal)(refusal.message, **refusal.state)


TOOLS = (
    Tool(
        "create_invite",
        create_invite,
        Scope.MANAGE,
        Effect.WRITES,
        "Make an invite: a code and a text to send; its holder redeems it for a token of its own.",
        lead_only=True,
        group=ToolGroup.ADMIN,
    ),
)
