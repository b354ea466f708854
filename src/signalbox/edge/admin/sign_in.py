"""Signing in by a link, shown or mailed, and signing out."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from starlette.responses import Response

from signalbox.db.pool import Database
from signalbox.domain import sign_in
from signalbox.edge.admin.browser import local_path
from signalbox.edge.admin.entering import begin_session
from signalbox.edge.admin.page import Page, PageRoute, Send, Show
from signalbox.edge.mail import Mailer, render_mail, require_address
from signalbox.errors import NotFound

LINK_GONE = "this sign-in link was used, or is older than 15 minutes: make another with `signalbox sign-in-link EMAIL`"

# In each worker.
ASKED_PER_ADDRESS: Final = RateLimitItemPerMinute(10)
ASKED_PER_EMAIL: Final = RateLimitItemPerHour(6)


async def show(page: Page) -> Response:
    """Show the ways to sign in."""
    return_to = local_path(page.asked("return_to") or page.form.get("return_to"))
    return page.show("sign_in.html", return_to=return_to, why=page.asked("why"))


async def mail_link(page: Page) -> Response:
    """Mail a link to an email, if it is an owner's: the answer is the same, and as soon, if it is nobody's."""
    if page.mailer is None:
        raise NotFound("there is no such page")
    email = require_address(page.form.get("email"))
    await page.count(ASKED_PER_ADDRESS, "mail from", page.client)
    await page.count(ASKED_PER_EMAIL, "mail to", email.lower())
    return_to = quote(local_path(page.form.get("return_to")), safe="")
    page.mailer.later(_mail_link(page.database, page.mailer, email, return_to))
    return page.go(f"/sign-in?return_to={return_to}", notice="link_mailed")


async def _mail_link(database: Database, mailer: Mailer, email: str, return_to: str) -> None:
    try:
        link = await sign_in.make_link(database, email)
    except NotFound:
        return
    url = f"{link.url}&return_to={return_to}"
    until = f"{link.expires_at:%Y-%m-%d %H:%M} UTC"
    text = render_mail("sign_in_link.txt", base_url=database.base_url, url=url, expires_at=until)
    await mailer.send(email, "Sign in to Signalbox", text)


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
    return await begin_session(page, secret, seconds, local_path(page.form.get("return_to")))


async def sign_out(page: Page) -> Response:
    """End this browser's session."""
    await sign_in.end_held(page.database, page.browser.secret_hash)
    page.browser.forget()
    return page.go("/sign-in", notice="signed_out")


PAGES: tuple[PageRoute, ...] = (
    Show("/sign-in", show, is_open=True),
    Send("/sign-in/mail", mail_link, again=show, is_open=True),
    Show("/sign-in/link", show_link, is_open=True),
    Send("/sign-in/link", use_link, again=show_link, is_open=True),
    Send("/sign-out", sign_out, again=show, is_open=True),
)
