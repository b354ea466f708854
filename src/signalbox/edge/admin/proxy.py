"""Signing in by a proxy's word: only from a listed proxy itself, and only with the secret it shares with this server.

Either alone would be a hole: a header that the proxy forgets to strip, or another program on the proxy's machine.
"""

from __future__ import annotations

import hmac
from typing import Final

from limits import RateLimitItemPerMinute
from starlette.responses import Response

from signalbox.domain.identities import Identity
from signalbox.domain.owners import EMAIL
from signalbox.edge.admin.browser import local_path
from signalbox.edge.admin.entering import enter
from signalbox.edge.admin.page import Page, PageRoute, Show
from signalbox.edge.http import note
from signalbox.edge.peers import is_among, networks_of
from signalbox.errors import Forbidden, NotFound

SECRET_HEADER: Final = "x-signalbox-proxy-secret"  # noqa: S105 - the header's name
ENTERED_PER_MINUTE: Final = RateLimitItemPerMinute(30)  # of an email, and in each worker


async def enter_by_proxy(page: Page) -> Response:
    """Sign in whom the proxy names."""
    if page.settings.proxy_auth_header is None:
        raise NotFound("there is no such page")
    email = _proved_email(page, page.settings.proxy_auth_header)
    await page.count(ENTERED_PER_MINUTE, "proxy", email.lower())
    return await enter(page, Identity("proxy", email.lower(), email), local_path(page.asked("return_to")))


def _proved_email(page: Page, header: str) -> str:
    """Answer whom the proxy names; why somebody is refused, only the log says."""
    secrets = page.request.headers.getlist(SECRET_HEADER)
    emails = page.request.headers.getlist(header)
    shared = page.settings.proxy_auth_secret or ""
    if not is_among(page.request.scope, networks_of(page.settings.trusted_proxies)):
        raise _refused(page, "not from a proxy of ours")
    if len(secrets) != 1 or not hmac.compare_digest(secrets[0].encode("latin-1"), shared.encode()):
        raise _refused(page, "without the proxy's secret")
    if len(emails) != 1 or EMAIL.fullmatch(emails[0]) is None:
        raise _refused(page, "without an email")
    return emails[0]


def _refused(page: Page, why: str) -> Forbidden:
    note(page.request.scope, outcome=f"refused: {why}")
    return Forbidden("this way in is the proxy's in front of this server, which has to say who you are: go through it")


PAGES: tuple[PageRoute, ...] = (Show("/sign-in/proxy", enter_by_proxy, is_open=True),)
