"""The first page: the projects of who is signed in."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from signalbox.domain import owners
from signalbox.domain.owners import OwnerRow
from signalbox.edge.admin.forms import NotFilledIn
from signalbox.edge.admin.page import Page, PageRoute, Send, Show


async def show(page: Page) -> Response:
    """Show the projects."""
    return page.show("home.html")


async def create(page: Page) -> Response:
    """Make a project."""
    name = page.form.get("name")
    if owners.PROJECT.fullmatch(name) is None:
        raise NotFilledIn({"name": "lower-case letters, digits and . _ - only, no sign first, 64 at most"})
    owner = page.owner
    await owners.in_project(page.db, OwnerRow(owner_id=owner.owner_id, handle=owner.handle, email=owner.email), name)
    return page.go(f"/admin/projects/{quote(name)}", notice="project_created")


PAGES: tuple[PageRoute, ...] = (
    Show("/admin", show),
    Send("/admin/projects", create, again=show),
)
