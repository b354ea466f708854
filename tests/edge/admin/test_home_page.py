"""The first page: how each project of an owner stands, and making another."""

from __future__ import annotations

import logging

import pytest

from edge.admin.browsing import BrowserOf, read, words
from edge.admin.looking import HOSTILE, STATEMENTS_MAX, require_sound, statements_of
from edge.admin.team import Team
from signalbox.domain import owners, projects
from signalbox.domain.owners import OwnerRow
from signalbox.edge.admin import home
from support import Project

MANY = 60


async def test_the_first_page_of_a_new_owner_says_what_to_do(browser: BrowserOf) -> None:
    page = await browser.get("/admin")

    assert "Your first project" in words(page)
    require_sound(page)


async def test_projects_stand_with_who_is_seen_what_waits_and_what_was_last(
    team: Team, owner: OwnerRow, caplog: pytest.LogCaptureFixture
) -> None:
    await team.codex.call("register", lane="frontend")
    await team.claude.call("post", to_actor="codex-1", body="Look.")
    await projects.create_project(team.browser.database, owner.owner_id, "quiet")
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        page = await team.browser.get("/admin")
    said = words(page)

    assert "quiet Nothing has happened yet: bring your first agent in" in said
    assert "relay 1 seen now 1 waits for an ack" in said
    assert f"post by {owner.handle}/claude-1, just now" in said
    assert said.index("quiet Nothing") < said.index("relay 1 seen")
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(page)


async def test_archived_projects_stand_apart(team: Team, owner: OwnerRow) -> None:
    who = await owners.in_project(team.browser.database, owner, "alpha")
    await projects.archive_project(team.browser.database, who)
    said = words(await team.browser.get("/admin"))

    assert said.index("relay") < said.index("Archived") < said.index("alpha") < said.index("archived just now")


async def test_a_project_is_made_by_the_form_and_leads_to_its_board(browser: BrowserOf) -> None:
    made = await browser.fill("/admin", "/admin/projects", name=" relay ")
    listed = await browser.get("/admin")

    assert (made.url.path, made.url.query) == ("/admin/projects/relay", b"notice=project_created")
    assert "/admin/projects/relay" in read(listed).links


@pytest.mark.parametrize(
    ("name", "status", "why"),
    [
        ("relay", 409, "there is a project of this name already"),
        ("Main St", 400, "cannot be"),
        (HOSTILE, 400, "cannot be"),
    ],
)
async def test_a_name_that_cannot_be_is_shown_again_with_why(team: Team, name: str, status: int, why: str) -> None:
    page = await team.browser.fill("/admin", "/admin/projects", name=name)
    form = next(form for form in read(page).forms if form.action == "/admin/projects")

    assert page.status_code == status
    assert why in words(page)
    assert form.fields["name"] == name.strip()
    require_sound(page)


async def test_nobody_sees_projects_of_others(browser: BrowserOf, other_project: Project) -> None:
    await other_project.join("claude-1")
    page = await browser.get("/admin")

    assert other_project.handle not in page.text
    assert "/admin/projects/main" not in read(page).links


async def test_many_projects_are_shown_page_by_page(browser: BrowserOf, owner: OwnerRow) -> None:
    names = [f"a-project-of-a-long-name-{'x' * 30}-{number:03}" for number in range(MANY)]
    for name in names:
        await projects.create_project(browser.database, owner.owner_id, name)
    first = await browser.get("/admin")
    (on,) = [link for link in read(first).links if "after=" in link]
    second = await browser.get(on)
    linked = [link.removeprefix("/admin/projects/") for page in (first, second) for link in read(page).links]

    assert [name for name in linked if name in names] == names
    assert len([name for name in linked[: linked.index(on)] if name in names]) == home.PROJECTS_SHOWN
    assert not [link for link in read(second).links if "after=" in link]
    require_sound(first)
