"""Choosing a handle, before anything else: of who has signed in with a provider and has no account yet."""

from __future__ import annotations

from typing import Final

from limits import RateLimitItemPerMinute
from starlette.responses import Response

from signalbox.domain import identities
from signalbox.domain.identities import SigningUp
from signalbox.domain.owners import handle_from
from signalbox.edge.admin.browser import local_path
from signalbox.edge.admin.entering import open_session
from signalbox.edge.admin.page import Page, PageRoute, Send, Show
from signalbox.errors import NotFound

CHOSEN_PER_MINUTE: Final = RateLimitItemPerMinute(20)  # of an address, and in each worker
GONE = "nobody is signing up in this browser, or it took longer than 15 minutes: sign in once more"


async def show(page: Page) -> Response:
    """Ask for a handle."""
    who = await _who(page)
    provider = page.providers.get(who.provider)
    return page.show(
        "sign_up.html",
        email=who.email,
        provider=provider.name if provider else who.provider,
        suggested=handle_from(who.email),
    )


async def choose(page: Page) -> Response:
    """Make the account, and sign in."""
    await page.count(CHOSEN_PER_MINUTE, "choose", page.client)
    await _who(page)
    made = await identities.sign_up(page.database, page.browser.secret_hash, page.form.get("handle"))
    if made.owner_id is None:
        raise NotFound(GONE)
    return await open_session(page, made.owner_id, made.provider or "", local_path(made.return_to))


async def _who(page: Page) -> SigningUp:
    who = await identities.look_at_sign_up(page.database, page.browser.secret_hash)
    if who is None:
        raise NotFound(GONE)
    return who


PAGES: tuple[PageRoute, ...] = (
    Show("/sign-up", show, is_open=True),
    Send("/sign-up", choose, again=show, is_open=True),
)
