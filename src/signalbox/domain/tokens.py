"""Tokens one by one: of a project for its leads, of all projects for those who run the server."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field

from signalbox import identity
from signalbox.db.acts import act
from signalbox.db.statements import Executor, statements
from signalbox.domain import owners
from signalbox.domain.members import ALL_SCOPES, Scopes, TokenSeconds, ToolGroups
from signalbox.domain.owners import OwnerRow
from signalbox.errors import NotFound
from signalbox.identity import Principal
from signalbox.tool import ActArgs, ActorName, Id, Moment, Result, Whole

sql = statements(__file__)

OVERLAP_SECONDS_MAX: Final = 30 * 86_400
SHOWN_BEFORE: Final = "the token was shown once, at the first call: rotate it, or mint another"


class Token(Result):
    """A token as lists show it: never the secret, nor its hash."""

    token_id: int
    project: str
    actor: str
    role: str
    scopes: list[str]
    tool_groups: list[str] | None = None
    created_at: Moment
    expires_at: Moment | None = None
    revoked_at: Moment | None = None
    last_used_at: Moment | None = None
    owner_email: str
    project_id: int

    def state(self, now: datetime) -> str:
        """Say in one word whether it holds."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


class Count(BaseModel):
    """How many there are."""

    tokens: int


class Changed(Result):
    """A token as it came of a change: the new one, or the one that was revoked. The secret is shown once."""

    token_id: int
    actor: str
    is_admin: bool | None = None
    scopes: list[str] | None = None
    expires_at: Moment | None = None
    revoked: int | None = None
    token: str | None = None
    secret_shown_before: bool | None = None
    next: str | None = None


async def list_tokens(db: Executor, project: str | None, after: int | None) -> list[Token]:
    """Answer a page of tokens."""
    return await sql.list_tokens.all(db, Token, project=project, token_id=None, after=after)


async def was_ever_given(db: Executor, who: Principal, label: str) -> bool:
    """Say whether a participant of the project ever had a token."""
    count = await sql.count_tokens.one(db, Count, project_id=who.project_id, label=label)
    return count.tokens > 0


async def _owner_over(db: Executor, token_id: int) -> Principal:
    (token,) = await sql.list_tokens.all(db, Token, project=None, token_id=token_id, after=None) or (None,)
    if token is None:
        raise NotFound(f"no token {token_id}: signalbox token list shows them")
    owner = await owners.sql.find_owner.one(db, OwnerRow, email=token.owner_email)
    return await owners.in_project(db, owner, token.project)


async def revoke(db: Executor, token_id: int) -> Changed:
    """End one token, in the name of the project's owner."""
    return await revoke_one(db, await _owner_over(db, token_id), TokenArgs(token_id=token_id))


async def rotate(db: Executor, token_id: int, overlap_seconds: int) -> Changed:
    """Replace one token, in the name of the project's owner; the old one holds for the overlap."""
    who = await _owner_over(db, token_id)
    return await rotate_one(db, who, RotateArgs(token_id=token_id, overlap_seconds=overlap_seconds))


class ProjectToken(Result):
    """A token of the project: never the secret, nor its hash."""

    token_id: int
    participation_id: int
    actor: str
    scopes: list[str]
    tool_groups: list[str] | None = None
    created_at: Moment
    expires_at: Moment | None = None
    revoked_at: Moment | None = None
    replaced_at: Moment | None = None
    last_used_at: Moment | None = None
    state: Annotated[
        Literal["active", "replaced", "expired", "revoked"], Field(description="replaced: holds until it expires.")
    ]
    is_foreign: bool


async def list_project_tokens(
    db: Executor, who: Principal, *, participation_id: int | None = None, before: int | None = None, limit: int = 100
) -> list[ProjectToken]:
    """Answer the project's tokens, or those of one participation, newest first; `before` a token_id."""
    return await sql.list_project_tokens.all(
        db,
        ProjectToken,
        project_id=who.project_id,
        participation_id=participation_id,
        before=before,
        limit=limit,
    )


async def get_project_token(db: Executor, who: Principal, participation_id: int, token_id: int) -> ProjectToken:
    """Answer one token of a participation.

    Raises:
        NotFound: it has no such token in this project.
    """
    for token in await list_project_tokens(db, who, participation_id=participation_id, before=token_id + 1, limit=1):
        if token.token_id == token_id:
            return token
    raise NotFound("this participant has no such token: look at the list of its tokens")


class MintArgs(ActArgs):
    """Whose token, how wide, for how long, and which tools it has listed."""

    participant_name: ActorName
    scopes: Scopes = ALL_SCOPES
    expires_in_seconds: TokenSeconds | None = None
    tool_groups: Annotated[ToolGroups | None, Field(description="What it has listed; left out: all.")] = None


async def mint_token(db: Executor, who: Principal, args: MintArgs) -> Changed:
    """Give a member one more token.

    Raises:
        Forbidden: the caller is no lead, or the member is the owner's or another owner's.
        NotFound: nobody of this name is in the project.
        TooMany: the member has as many tokens as it may have.
    """
    secret, new_hash = identity.mint_token()
    answer = await act(
        db,
        "admin_mint",
        Changed,
        who,
        args,
        name=args.participant_name,
        new_token_hash=new_hash,
        scopes=sorted(set(args.scopes)),
        valid_seconds=args.expires_in_seconds,
        tool_groups=args.tool_groups and sorted(set(args.tool_groups)),
    )
    return _with_secret(answer, secret)


class RotateArgs(ActArgs):
    """Which token to replace, and how long the old one still holds."""

    token_id: Id
    overlap_seconds: Annotated[Whole, Field(le=OVERLAP_SECONDS_MAX)] = 0


async def rotate_one(db: Executor, who: Principal, args: RotateArgs) -> Changed:
    """Put a new token in the place of one; both hold for the overlap.

    Raises:
        Forbidden: the caller is no lead, or the token is the owner's or another owner's.
        NotFound: the project has no such token.
        Conflict: it was revoked or rotated already.
    """
    secret, new_hash = identity.mint_token()
    answer = await act(
        db,
        "rotate_token",
        Changed,
        who,
        args,
        token_id=args.token_id,
        new_token_hash=new_hash,
        overlap_seconds=args.overlap_seconds,
    )
    return _with_secret(answer, secret)


class TokenArgs(ActArgs):
    """Which token."""

    token_id: Id


async def revoke_one(db: Executor, who: Principal, args: TokenArgs) -> Changed:
    """End one token; again changes nothing.

    Raises:
        Forbidden: the caller is no lead, or the token is the owner's.
        NotFound: the project has no such token.
    """
    return await act(db, "revoke_token", Changed, who, args, token_id=args.token_id)


def _with_secret(answer: Changed, secret: str) -> Changed:
    if answer.secret_shown_before:
        return answer.model_copy(update={"next": SHOWN_BEFORE})
    return answer.model_copy(update={"token": secret})
