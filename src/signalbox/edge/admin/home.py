"""The first page: the projects of who is signed in, how each stands, and a form for another."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from signalbox.domain import board, projects
from signalbox.domain.board import OVERVIEW_HANDOFFS_MAX
from signalbox.edge.admin.page import Page, PageRoute, Send, Show

PROJECTS_SHOWN: Final = 50


async def show(page: Page) -> Response:
    """Show the projects, those in use first; `after` is the last one of the page before."""
    owned = await board.overview(page.db, page.owner.owner_id)
    begin = next((place for place, one in enumerate(owned, start=1) if str(one.project_id) == page.asked("after")), 0)
    shown = owned[begin : begin + PROJECTS_SHOWN]
    return page.show(
        "home.html",
        is_first_time=not owned,
        in_use=[one for one in shown if one.archived_at is None],
        archived=[one for one in shown if one.archived_at is not None],
        handoffs_max=OVERVIEW_HANDOFFS_MAX,
        after=shown[-1].project_id if begin + PROJECTS_SHOWN < len(owned) else None,
    )


async def create(page: Page) -> Response:
    """Make a project."""
    name = page.form.get("name")
    await projects.create_project(page.db, page.owner.owner_id, name)
    return page.go(f"/admin/projects/{quote(name)}", notice="project_created")


PAGES: tuple[PageRoute, ...] = (
    Show("/admin", show),
    Send("/admin/projects", create, again=show),
)
