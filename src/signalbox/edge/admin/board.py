"""The board: how a project stands."""

from __future__ import annotations

from typing import Final, get_args

from starlette.responses import Response

from signalbox.domain.board import COUNT_MAX, board
from signalbox.domain.tasks import Status
from signalbox.edge.admin.page import PROJECT_PATH, Page, PageRoute, Show

SHOWN: Final = 25  # of each list: five full ones stay a page of 60 KB


async def show(page: Page) -> Response:
    """Show how the project stands."""
    return page.show(
        "board.html",
        board=await board(page.db, page.who),
        shown=SHOWN,
        count_max=COUNT_MAX,
        states=get_args(Status),
    )


PAGES: tuple[PageRoute, ...] = (Show(PROJECT_PATH, show),)
