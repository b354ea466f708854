"""Search: what was found in posts, tasks and events, the best first."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from signalbox.domain.search import SearchArgs, find
from signalbox.edge.admin.addresses import addresses
from signalbox.edge.admin.filters import Filters
from signalbox.edge.admin.page import PROJECT_PATH, Page, PageRoute, Show

HITS_SHOWN: Final = 20


async def show(page: Page) -> Response:
    """Show what was found, or the empty form."""
    filters = Filters(page, SearchArgs, limit=HITS_SHOWN, thread=None)
    is_asked = bool(page.asked("query"))
    if not is_asked:
        filters.problem = None
    found = await filters.answer(find, page, actor_field="actor") if is_asked else None
    return page.show(
        "search.html",
        status=filters.status,
        filters=filters,
        found=found,
        addresses=await addresses(page),
    )


PAGES: tuple[PageRoute, ...] = (Show(f"{PROJECT_PATH}/search", show),)
