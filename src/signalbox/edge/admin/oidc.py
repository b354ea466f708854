"""Signing in with a provider: off to it, and back with its answer."""

from __future__ import annotations

from typing import Final

from limits import RateLimitItemPerMinute
from starlette.responses import RedirectResponse, Response

from signalbox.domain import identities
from signalbox.edge.admin.browser import local_path
from signalbox.edge.admin.entering import enter
from signalbox.edge.admin.page import Page, PageRoute, Show
from signalbox.edge.admin.providers import Provider
from signalbox.errors import Forbidden, NotFound

BEGUN_PER_MINUTE: Final = RateLimitItemPerMinute(30)  # of an address, and in each worker
STALE: Final = "this sign-in was begun in another browser, was used, or took longer than ten minutes: sign in once more"


async def begin(page: Page) -> Response:
    """Send the browser to a provider."""
    provider = _provider(page)
    await page.count(BEGUN_PER_MINUTE, "begin", page.client)
    return_to = local_path(page.asked("return_to"))
    begun = await identities.begin_flow(page.database, page.browser.secret_hash, provider.key, return_to)
    again = page.asked("why") == "recent"
    address = await provider.address(begun, _redirect_uri(page, provider), again=again)
    return RedirectResponse(address, status_code=303)


async def end(page: Page) -> Response:
    """Take a provider's answer, which holds once and in the browser that was sent there."""
    provider = _provider(page)
    flow = await identities.take_flow(page.database, page.browser.secret_hash, provider.key, page.asked("state"))
    if flow is None:
        raise Forbidden(STALE)
    code = page.asked("code")
    if not code or page.asked("error"):
        raise Forbidden(f"{provider.name} did not sign you in: sign in once more, and agree to it there")
    issuer = page.request.query_params.get("iss")
    identity = await provider.prove(flow, code, issuer, _redirect_uri(page, provider))
    return await enter(page, identity, local_path(flow.return_to))


def _provider(page: Page) -> Provider:
    provider = page.providers.get(str(page.request.path_params["provider"]))
    if provider is None:
        raise NotFound("there is no such page")
    return provider


def _redirect_uri(page: Page, provider: Provider) -> str:
    return f"{page.settings.base_url}/sign-in/with/{provider.key}/callback"


PAGES: tuple[PageRoute, ...] = (
    Show("/sign-in/with/{provider}", begin, is_open=True),
    Show("/sign-in/with/{provider}/callback", end, is_open=True),
)
