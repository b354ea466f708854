"""A project that a browser's owner has made by its form, with agents in it."""

from __future__ import annotations

from dataclasses import dataclass

from edge.admin.browsing import BrowserOf
from signalbox.domain import owners
from signalbox.domain.owners import OwnerRow
from support import Agent, Project


@dataclass
class Team:
    """The owner's browser, the project, and two agents."""

    browser: BrowserOf
    project: Project
    path: str
    claude: Agent
    codex: Agent


async def make_team(browser: BrowserOf, owner: OwnerRow, name: str = "relay") -> Team:
    """Make a project by the form of the first page, and bring agents in."""
    await browser.fill("/admin", "/admin/projects", name=name)
    project = Project(browser.database, await owners.in_project(browser.database, owner, name))
    return Team(
        browser,
        project,
        f"/admin/projects/{name}",
        await project.join("claude-1", lane="backend"),
        await project.join("codex-1", lane="frontend"),
    )
