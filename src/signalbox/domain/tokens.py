"""Tokens one by one, for those who run the server."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from signalbox.db.acts import act
from signalbox.db.statements import Executor, statements
from signalbox.domain import owners
from signalbox.domain.owners import OwnerRow
from signalbox.errors import NotFound
from signalbox.identity import Principal, mint_token
from signalbox.tool import ActArgs, Moment, Result

sql = statements(__file__)


class Token(Result):
    """A token as lists show it: never the secret, nor its hash."""

    token_id: int
    project: str
    actor: str
    role: str
    scopes: list[str]
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
    """What a change of one token came to."""

    token_id: int
    actor: str
    revoked: int | None = None
    token: str | None = None


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
    who = await _owner_over(db, token_id)
    return await act(db, "revoke_token", Changed, who, ActArgs(), token_id=token_id)


async def rotate(db: Executor, token_id: int, overlap_seconds: int) -> Changed:
    """Replace one token, in the name of the project's owner; the old one holds for the overlap."""
    who = await _owner_over(db, token_id)
    secret, new_hash = mint_token()
    changed = await act(
        db,
        "rotate_token",
        Changed,
        who,
        ActArgs(),
        token_id=token_id,
        new_token_hash=new_hash,
        overlap_seconds=overlap_seconds,
    )
    return changed.model_copy(update={"token": secret})
