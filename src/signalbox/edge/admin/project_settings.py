"""A project's settings and its end: its name, its window, closing it, and deleting what was exported."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote

from pydantic import Field
from starlette.responses import Response

from signalbox.domain import projects
from signalbox.domain.projects import LIVENESS_SECONDS_MAX, LIVENESS_SECONDS_MIN
from signalbox.edge.admin.page import PROJECT_PATH, Page, PageRoute, Send, Show
from signalbox.tool import Args


class LivenessArgs(Args):
    """How long the window is."""

    liveness_seconds: Annotated[int, Field(ge=LIVENESS_SECONDS_MIN, le=LIVENESS_SECONDS_MAX)]


async def show(page: Page) -> Response:
    """Show what may be set, and how far the project is on its way to its end."""
    return page.show(
        "project_settings.html",
        settings=await projects.project_settings(page.db, page.who),
        seconds_min=LIVENESS_SECONDS_MIN,
        seconds_max=LIVENESS_SECONDS_MAX,
    )


async def rename(page: Page) -> Response:
    """Give the project another name."""
    renamed = await projects.rename_project(page.db, page.who, page.form.get("name"))
    return page.go(f"/admin/projects/{quote(renamed.project)}/settings", notice="project_renamed")


async def set_liveness(page: Page) -> Response:
    """Say for how long somebody counts as active."""
    await projects.set_liveness(page.db, page.who, page.arguments(LivenessArgs).liveness_seconds)
    return page.go(f"{page.project_path}/settings", notice="liveness_set")


async def archive(page: Page) -> Response:
    """Close the project."""
    await projects.archive_project(page.db, page.who)
    return page.go(f"{page.project_path}/settings", notice="project_archived")


async def unarchive(page: Page) -> Response:
    """Open the project again."""
    await projects.unarchive_project(page.db, page.who)
    return page.go(f"{page.project_path}/settings", notice="project_unarchived")


async def delete(page: Page) -> Response:
    """End the project for good, once its name is typed."""
    await projects.delete_project(page.db, page.who, page.form.get("name"))
    return page.go("/admin", notice="project_deleted")


SETTINGS_PATH: Final = f"{PROJECT_PATH}/settings"

PAGES: tuple[PageRoute, ...] = (
    Show(SETTINGS_PATH, show),
    Send(f"{SETTINGS_PATH}/rename", rename, again=show),
    Send(f"{SETTINGS_PATH}/liveness", set_liveness, again=show),
    Send(f"{SETTINGS_PATH}/archive", archive, again=show),
    Send(f"{SETTINGS_PATH}/unarchive", unarchive, again=show),
    Send(f"{SETTINGS_PATH}/delete", delete, again=show),
)
