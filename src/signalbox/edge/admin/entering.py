"""From a proved identity to a session: the owner whom it belongs to, or a handle to choose first."""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response

from signalbox.domain import identities, sign_in
from signalbox.domain.identities import SIGN_UP_SECONDS, Identity
from signalbox.edge.admin.page import Page
from signalbox.edge.http import note
from signalbox.errors import OwnerSuspended


async def enter(page: Page, identity: Identity, return_to: str) -> Response:
    """Sign in who has proved an identity; send somebody new, who may have an account, to choose a handle."""
    owner_id = await identities.know(page.database, identity)
    if owner_id is not None:
        return await open_session(page, owner_id, identity.provider, return_to, identity.proved_at)
    identities.may_sign_up(page.settings, identity)
    page.browser.becomes(await identities.begin_sign_up(page.database, identity, return_to), SIGN_UP_SECONDS)
    return page.go("/sign-up")


async def open_session(
    page: Page, owner_id: int, method: str, return_to: str, proved_at: datetime | None = None
) -> Response:
    """Open a session for an owner in this browser, and go on."""
    seconds = page.settings.session_hours_max * 3600
    user_agent = page.request.headers.get("user-agent", "")
    secret = await sign_in.open_session(page.database, owner_id, method, user_agent, seconds, proved_at=proved_at)
    if secret is None:
        raise OwnerSuspended("your account is suspended: write to the operator of this server")
    return await begin_session(page, secret, seconds, return_to)


async def begin_session(page: Page, secret: str, seconds: int, return_to: str) -> Response:
    """Give the browser the secret of its new session, end the one it had, and go on."""
    await sign_in.end_held(page.database, page.browser.secret_hash)
    page.browser.becomes(secret, seconds)
    note(page.request.scope, outcome="signed in")
    return page.go(return_to)
