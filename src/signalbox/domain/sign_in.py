"""Sign-in: how an owner's browser comes by a session, and how sessions end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import BaseModel

from signalbox.db.statements import Executor, statements
from signalbox.errors import NotFound
from signalbox.identity import mint_secret, secret_hash

sql = statements(__file__)

LINK_SECONDS: Final = 15 * 60
USER_AGENT_LENGTH_MAX: Final = 200


class LinkRow(BaseModel):
    """A link that was made."""

    owner_id: int
    expires_at: datetime


@dataclass(frozen=True)
class SignInLink:
    """A link that signs an owner in once."""

    url: str
    expires_at: datetime


class Signer(BaseModel):
    """Whom a link would sign in."""

    handle: str


class SignedIn(BaseModel):
    """The owner that a session was opened for; none where nobody could be signed in."""

    owner_id: int | None


class SessionRow(BaseModel):
    """A session as its owner is shown it."""

    session_id: int
    method: str
    user_agent: str
    signed_in_at: datetime
    last_seen_at: datetime
    expires_at: datetime


class Ended(BaseModel):
    """A session that was ended."""

    session_id: int


async def make_link(db: Executor, email: str) -> SignInLink:
    """Make a link that signs the owner of an email in, once, within 15 minutes.

    Raises:
        NotFound: there is no owner with this email who may sign in.
    """
    code = mint_secret()
    row = await sql.make_link.first(db, LinkRow, code_hash=secret_hash(code), email=email, seconds=LINK_SECONDS)
    if row is None:
        raise NotFound(f"no owner has the email {email}: signalbox bootstrap-owner makes one")
    return SignInLink(f"{db.base_url}/sign-in/link?code={code}", row.expires_at)


async def look_at_link(db: Executor, code: str) -> str | None:
    """Name the handle of whom a link would sign in; it stays unused."""
    signer = await sql.look_at_link.first(db, Signer, code_hash=secret_hash(code))
    return signer.handle if signer else None


async def use_link(db: Executor, code: str, user_agent: str, session_seconds: int) -> str | None:
    """Use a link up; answers the secret of a new session, or None when the link does not hold."""
    secret = mint_secret()
    signed_in = await sql.use_link.one(
        db,
        SignedIn,
        code_hash=secret_hash(code),
        session_hash=secret_hash(secret),
        user_agent=user_agent[:USER_AGENT_LENGTH_MAX],
        session_seconds=session_seconds,
    )
    return secret if signed_in.owner_id is not None else None


async def open_session(
    db: Executor,
    owner_id: int,
    method: str,
    user_agent: str,
    session_seconds: int,
    *,
    proved_at: datetime | None = None,
) -> str | None:
    """Open a session for who has proved to be an owner; answers its secret, or None for one who is suspended.

    The sign-in is as fresh as its proof: `proved_at` says when that was, where it was not just now.
    """
    secret = mint_secret()
    signed_in = await sql.open_session.first(
        db,
        SignedIn,
        session_hash=secret_hash(secret),
        owner_id=owner_id,
        method=method,
        proved_at=proved_at,
        user_agent=user_agent[:USER_AGENT_LENGTH_MAX],
        session_seconds=session_seconds,
    )
    return secret if signed_in is not None else None


async def list_sessions(db: Executor, owner_id: int, idle_seconds: int) -> list[SessionRow]:
    """Answer where an owner is signed in."""
    return await sql.list_sessions.all(db, SessionRow, owner_id=owner_id, idle_seconds=idle_seconds)


async def end_session(db: Executor, owner_id: int, session_id: int) -> None:
    """End one session of an owner's; one that is not there has ended already."""
    await sql.end_session.all(db, Ended, owner_id=owner_id, session_id=session_id)


async def end_held(db: Executor, session_hash: bytes) -> None:
    """End the session that a browser holds, if it holds one, whoever's it is and whatever has become of its owner."""
    await sql.end_held.all(db, Ended, session_hash=session_hash)


async def end_sessions(db: Executor, owner_id: int) -> None:
    """End all sessions of an owner's."""
    await sql.end_sessions.all(db, Ended, owner_id=owner_id)
