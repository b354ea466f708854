"""From a proved identity to a session: the owner whom it belongs to, or a handle to choose first."""

from __future__ import annotations

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
        return await open_session(page, owner_id, identity.provider, return_to)
    identities.may_sign_up(page.settings, identity)
    page.browser.becomes(await identities.begin_sign_up(page.database, identity, return_to), SIGN_UP_SECONDS)
    return page.go("/sign-up")


async def open_session(page: Page, owner_id: int, method: str, return_to: str) -> Response:
    """Open a session for an owner in this browser, and go on."""
    seconds = page.settings.session_hours_max * 3600
    user_agent = page.request.headers.get("user-agent", "")
    secret = await sign_in.open_session(page.database, owner_id, method, user_agent, seconds)
    if secret is None:
        raise OwnerSuspended("your account is suspended: write to the operator of this server")
    page.browser.becomes(secret, seconds)
    note(page.request.scope, outcome="signed in")
    return page.go(return_to)
