"""The settings of a project: its name, its window, closing it, and its end."""

from __future__ import annotations

import logging

import pytest

from edge.admin.browsing import BrowserOf, read, words
from edge.admin.looking import HOSTILE, STATEMENTS_MAX, require_sound, statements_of
from edge.admin.team import Team
from signalbox.domain import owners, projects
from signalbox.domain.owners import OwnerRow
from signalbox.domain.projects import ProjectSettings
from signalbox.errors import Unauthenticated
from support import Project

PATH = "/admin/projects/relay/settings"


async def settings_of(team: Team) -> ProjectSettings:
    row = await team.browser.database.pool.fetchrow(
        "select j.name as project, j.liveness_seconds, j.created_at, 0 as head from projects j where j.project_id = $1",
        team.project.project_id,
    )
    assert row is not None
    return ProjectSettings.model_validate(dict(row))


async def note_export(team: Team) -> None:
    """Do what the download of an export does at its end."""
    await projects.note_export(team.browser.database, team.project.owner, 10_000)


async def test_a_project_is_renamed_and_its_pages_move(team: Team) -> None:
    renamed = await team.browser.fill(PATH, f"{PATH}/rename", name="signals")
    old = await team.browser.get(PATH)

    assert renamed.url.path == "/admin/projects/signals/settings"
    assert "has its new name" in words(renamed)
    assert old.status_code == 404
    assert (await team.claude.call("whoami"))["project"] == "signals"


@pytest.mark.parametrize(
    ("name", "status", "why"), [("taken", 409, "of this name"), (HOSTILE, 400, "cannot be a project")]
)
async def test_a_name_that_cannot_be_is_shown_again(
    team: Team, owner: OwnerRow, name: str, status: int, why: str
) -> None:
    await projects.create_project(team.browser.database, owner.owner_id, "taken")
    page = await team.browser.fill(PATH, f"{PATH}/rename", name=name)
    form = next(form for form in read(page).forms if form.action.endswith("/rename"))

    assert page.status_code == status
    assert why in words(page)
    assert form.fields["name"] == name
    assert (await settings_of(team)).project == "relay"
    require_sound(page)


async def test_the_window_is_set_within_its_bounds(team: Team) -> None:
    taken = await team.browser.fill(PATH, f"{PATH}/liveness", liveness_seconds=120)
    refused = {
        wish: await team.browser.fill(PATH, f"{PATH}/liveness", liveness_seconds=wish) for wish in ("59", "x", "")
    }

    assert "The window is set." in words(taken)
    assert (await settings_of(team)).liveness_seconds == 120
    assert {page.status_code for page in refused.values()} == {400}
    assert "at least 60" in words(refused["59"])
    assert "a whole number" in words(refused["x"])
    assert "fill this in" in words(refused[""])


async def test_an_archived_project_is_read_only_until_it_is_opened_again(team: Team) -> None:
    archived = await team.browser.fill(PATH, f"{PATH}/archive")
    forms = {form.action.removeprefix(PATH) for form in read(archived).forms}
    with pytest.raises(Unauthenticated):
        await team.claude.call("whoami")
    opened = await team.browser.fill(PATH, f"{PATH}/unarchive")

    assert "This project is archived" in words(archived)
    assert forms == {"/sign-out", "/unarchive", "/delete"}
    assert "open again" in words(opened)
    assert (await team.claude.call("whoami"))["project"] == "relay"
    require_sound(archived)


async def test_a_form_from_before_the_archiving_says_why_it_is_not_taken(team: Team) -> None:
    form = next(form for form in read(await team.browser.get(PATH)).forms if form.action.endswith("/rename"))
    await team.browser.fill(PATH, f"{PATH}/archive")
    late = await team.browser.send(form, PATH, name="signals")

    assert late.status_code == 409
    assert "this project is archived: open it again first" in words(late)


async def test_a_project_is_deleted_once_archived_exported_and_named(team: Team) -> None:
    await team.browser.fill(PATH, f"{PATH}/archive")
    early = await team.browser.fill(PATH, f"{PATH}/delete", name="relay")
    await note_export(team)
    mistyped = await team.browser.fill(PATH, f"{PATH}/delete", name="relais")
    deleted = await team.browser.fill(PATH, f"{PATH}/delete", name="relay")
    gone = await team.browser.get(PATH)

    assert early.status_code == 409
    assert "not exported up to its last event" in words(early)
    assert mistyped.status_code == 409
    assert "type it exactly" in words(mistyped)
    assert (deleted.url.path, deleted.url.query) == ("/admin", b"notice=project_deleted")
    assert gone.status_code == 404


async def test_a_project_in_use_is_not_deleted_by_a_form_made_up(team: Team) -> None:
    await note_export(team)
    form = next(form for form in read(await team.browser.get(PATH)).forms if form.action.endswith("/archive"))
    form.action = f"{PATH}/delete"
    page = await team.browser.send(form, PATH, name="relay")

    assert page.status_code == 409
    assert "this project is in use: archive it first" in words(page)
    assert (await team.claude.call("whoami"))["project"] == "relay"


async def test_the_page_says_how_far_the_export_is(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    await team.claude.call("claim", sequence="adr")
    before = words(await team.browser.get(PATH))
    await note_export(team)
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        page = await team.browser.get(PATH)
    await team.claude.call("claim", sequence="adr")
    after = words(await team.browser.get(PATH))
    head = (await team.claude.call("whats_new"))["head"]

    assert f"none yet Exported up to event 0 of {head - 1}" in before
    assert f"whole Exported up to event {head - 1} of {head - 1}" in words(page)
    assert f"not whole Exported up to event {head - 1} of {head}" in after
    assert {"/admin/projects/relay/export.jsonl", "/admin/projects/relay/export.md"} <= set(read(page).links)
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(page)


@pytest.mark.parametrize("what", ["rename", "liveness", "archive", "unarchive", "delete"])
async def test_the_settings_of_others_are_not_there(
    browser: BrowserOf, owner: OwnerRow, other_project: Project, what: str
) -> None:
    await owners.in_project(browser.database, owner, "mine")
    form = next(form for form in read(await browser.get("/admin")).forms if form.action == "/sign-out")
    form.action = f"/admin/projects/main/settings/{what}"
    sent = await browser.send(form, "/admin", name="main", liveness_seconds=120)
    seen = await browser.get("/admin/projects/main/settings")
    agent = await other_project.join("claude-1")

    assert (sent.status_code, seen.status_code) == (404, 404)
    assert (await agent.call("whoami"))["project"] == "main"
