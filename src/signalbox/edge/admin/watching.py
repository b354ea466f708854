"""The stream that keeps the pages of a project current."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from signalbox.edge.admin.live import LiveResponse
from signalbox.edge.admin.page import Page, PageRoute, Show

DIGITS_MAX: Final = 15  # below 2^53


async def live(page: Page) -> Response:
    """Say when the ledger moves past the seq that the page was shown at, or was last told of."""
    if page.request.method == "HEAD":  # nobody reads it, so it does not stay open
        return Response(media_type="text/event-stream")
    after = page.request.headers.get("last-event-id") or page.asked("after")
    head = int(after) if after.isascii() and after.isdigit() and len(after) <= DIGITS_MAX else 0
    return LiveResponse(page.watches, page.owner.owner_id, page.browser.secret_hash, page.who.project_id, head)


PAGES: tuple[PageRoute, ...] = (Show("/admin/projects/{project}/live", live),)
