"""Signing in by a link, and signing out."""

from __future__ import annotations

from starlette.responses import Response

from signalbox.domain import sign_in
from signalbox.edge.admin.browser import local_path
from signalbox.edge.admin.page import Page, PageRoute, Send, Show
from signalbox.edge.http import note
from signalbox.errors import NotFound

LINK_GONE = "this sign-in link was used, or is older than 15 minutes: make another with `signalbox sign-in-link EMAIL`"


async def show(page: Page) -> Response:
    """Show the ways to sign in."""
    return page.show("sign_in.html", return_to=local_path(page.asked("return_to")), why=page.asked("why"))


async def show_link(page: Page) -> Response:
    """Ask before a link is used: programs that look through mail open links, too."""
    code = page.asked("code") or page.form.get("code")
    handle = await sign_in.look_at_link(page.database, code)
    if handle is None:
        raise NotFound(LINK_GONE)
    return page.show("sign_in_link.html", code=code, handle=handle, return_to=local_path(page.asked("return_to")))


async def use_link(page: Page) -> Response:
    """Sign the browser in."""
    seconds = page.settings.session_hours_max * 3600
    user_agent = page.request.headers.get("user-agent", "")
    secret = await sign_in.use_link(page.database, page.form.get("code"), user_agent, seconds)
    if secret is None:
        raise NotFound(LINK_GONE)
    page.browser.becomes(secret, seconds)
    note(page.request.scope, outcome="signed in")
    return page.go(local_path(page.form.get("return_to")))


async def sign_out(page: Page) -> Response:
    """End this browser's session."""
    await sign_in.end_session(page.db, page.owner.owner_id, page.owner.session_id)
    page.browser.forget()
    return page.go("/sign-in", notice="signed_out")


PAGES: tuple[PageRoute, ...] = (
    Show("/sign-in", show, is_open=True),
    Show("/sign-in/link", show_link, is_open=True),
    Send("/sign-in/link", use_link, again=show_link, is_open=True),
    Send("/sign-out", sign_out, again=show),
)
