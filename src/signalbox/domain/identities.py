"""Identities: accounts at providers that owners sign in with, and who may make an owner of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import BaseModel

from signalbox.config import Settings
from signalbox.db.statements import Executor, statements
from signalbox.domain.owners import wished_handle
from signalbox.errors import Forbidden
from signalbox.identity import mint_secret, secret_hash

sql = statements(__file__)

FLOW_SECONDS: Final = 10 * 60
SIGN_UP_SECONDS: Final = 15 * 60
SUBJECT_LENGTH_MAX: Final = 255  # OpenID Connect Core, section 2

NO_ACCOUNT: Final = (
    "no account here has the email {email}, and this server lets nobody make one: ask its operator for an account"
)
NOT_YOUR_DOMAIN: Final = (
    "no account here has the email {email}, and this server lets only people of certain domains make one: "
    "ask its operator for an account"
)


@dataclass(frozen=True)
class Identity:
    """Somebody's account at a provider, as the provider has just proved it; the email is verified.

    `proved_at` is when they last proved to the provider who they are; None where it does not say.
    """

    provider: str
    subject: str
    email: str
    proved_at: datetime | None = None


@dataclass(frozen=True)
class Begun:
    """A sign-in that was begun: what goes to the provider, of which the database keeps what its answer is held to."""

    state: str
    nonce: str
    code_verifier: str


class Expiry(BaseModel):
    """When what was begun ends."""

    expires_at: datetime


class Flow(BaseModel):
    """A sign-in that a provider has answered."""

    nonce: str
    code_verifier: str
    return_to: str
    holds: bool


class Known(BaseModel):
    """The owner that an identity belongs to, if any."""

    owner_id: int | None


class SigningUp(BaseModel):
    """Who is choosing a handle."""

    provider: str
    email: str


class SignedUp(BaseModel):
    """The owner that was made; none where nobody was signing up."""

    owner_id: int | None
    return_to: str | None
    provider: str | None


class IdentityRow(BaseModel):
    """An identity as its owner is shown it."""

    provider: str
    subject: str
    email: str
    created_at: datetime
    last_used_at: datetime


class Unlinked(BaseModel):
    """An identity that is an owner's no more."""

    provider: str


async def begin_flow(db: Executor, browser_hash: bytes, provider: str, return_to: str) -> Begun:
    """Begin a sign-in with a provider; it holds for ten minutes, in this browser."""
    begun = Begun(mint_secret(), mint_secret(), mint_secret())
    await sql.begin_flow.one(
        db,
        Expiry,
        state_hash=secret_hash(begun.state),
        browser_hash=browser_hash,
        provider=provider,
        nonce=begun.nonce,
        code_verifier=begun.code_verifier,
        return_to=return_to,
        seconds=FLOW_SECONDS,
    )
    return begun


async def take_flow(db: Executor, browser_hash: bytes, provider: str, state: str) -> Flow | None:
    """Take what a provider's answer is held to; None when this browser began no such sign-in, or not just now."""
    values = {"state_hash": secret_hash(state), "browser_hash": browser_hash, "provider": provider}
    flow = await sql.take_flow.first(db, Flow, **values)
    return flow if flow is not None and flow.holds else None


async def know(db: Executor, identity: Identity) -> int | None:
    """Answer the owner that an identity belongs to; one that only shares its verified email is linked to it.

    Raises:
        Conflict: the owner with that email signs in with another account of the same provider.
    """
    values = {"provider": identity.provider, "subject": identity.subject, "email": identity.email}
    return (await sql.know_identity.one(db, Known, **values)).owner_id


def may_sign_up(settings: Settings, identity: Identity) -> None:
    """See that who has this identity may make an account.

    Raises:
        Forbidden: this server does not let them.
    """
    domain = identity.email.rpartition("@")[2].lower()
    if settings.sign_up == "closed":
        raise Forbidden(NO_ACCOUNT.format(email=identity.email))
    if settings.sign_up == "domains" and domain not in settings.sign_up_domains:
        raise Forbidden(NOT_YOUR_DOMAIN.format(email=identity.email))


async def begin_sign_up(db: Executor, identity: Identity, return_to: str) -> str:
    """Keep an identity until its holder has chosen a handle; answers the secret that the browser is known by then.

    It is a new one: who planted the old one must not end what somebody else began.
    """
    secret = mint_secret()
    await sql.begin_sign_up.one(
        db,
        Expiry,
        browser_hash=secret_hash(secret),
        provider=identity.provider,
        subject=identity.subject,
        email=identity.email,
        return_to=return_to,
        seconds=SIGN_UP_SECONDS,
    )
    return secret


async def look_at_sign_up(db: Executor, browser_hash: bytes) -> SigningUp | None:
    """Say who is choosing a handle in a browser."""
    return await sql.look_at_sign_up.first(db, SigningUp, browser_hash=browser_hash)


async def sign_up(db: Executor, browser_hash: bytes, handle: str) -> SignedUp:
    """Make an owner of who has proved an identity in this browser.

    Raises:
        InvalidArguments: the handle cannot be one.
        Conflict: it is another owner's; choose another.
    """
    return await sql.sign_up.one(db, SignedUp, browser_hash=browser_hash, handle=wished_handle(handle))


async def list_identities(db: Executor, owner_id: int) -> list[IdentityRow]:
    """Answer what an owner may sign in with."""
    return await sql.list_identities.all(db, IdentityRow, owner_id=owner_id)


async def unlink(db: Executor, owner_id: int, provider: str, subject: str) -> None:
    """Take an identity from an owner; a link signs them in all the same."""
    await sql.unlink.all(db, Unlinked, owner_id=owner_id, provider=provider, subject=subject)
