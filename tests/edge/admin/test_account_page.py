"""The account: the handles an owner goes by, and changing them."""

from __future__ import annotations

import logging
import re

import pytest

from edge.admin.browsing import read, words
from edge.admin.looking import HOSTILE, STATEMENTS_MAX, require_sound, statements_of
from edge.admin.team import Team
from signalbox.domain.owners import OwnerRow
from support import Project

PATH = "/admin/account"
FORM = "/admin/account/handle"


async def test_a_changed_handle_is_shown_with_the_old_one_which_still_reaches_the_owner(
    team: Team, owner: OwnerRow, caplog: pytest.LogCaptureFixture
) -> None:
    await team.claude.call("claim", sequence="adr")
    changed = await team.browser.fill(PATH, FORM, handle=f"New-{owner.handle}"[:39])
    new = f"new-{owner.handle}"[:39]
    post = await team.claude.call("post", to_actor=owner.handle, body="Still you?")
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        page = await team.browser.get(PATH)
    events = (await team.codex.call("query_events", type="claim"))["events"]

    assert (changed.url.path, changed.url.query) == (PATH, b"notice=handle_changed")
    assert f"{owner.handle} taken just now {new} now taken just now" in words(page)
    assert post["post_id"] == 1
    assert [event["actor"] for event in events] == [f"{owner.handle}/claude-1"]
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(page)


async def test_a_handle_that_is_taken_is_shown_again_with_free_ones(team: Team, other_project: Project) -> None:
    page = await team.browser.fill(PATH, FORM, handle=other_project.handle)
    (form,) = [form for form in read(page).forms if form.action == FORM]

    assert page.status_code == 409
    assert "this handle is taken: choose another" in words(page)
    assert f"Free: {other_project.handle}" in words(page)
    assert form.fields["handle"] == other_project.handle
    require_sound(page)


@pytest.mark.parametrize("wish", ["", "-x", "admin", HOSTILE])
async def test_what_cannot_be_a_handle_is_shown_again(team: Team, owner: OwnerRow, wish: str) -> None:
    page = await team.browser.fill(PATH, FORM, handle=wish)

    assert page.status_code == 400
    assert "some fields need another look" in words(page)
    assert re.search(r'id="admin-account-handle-handle-wrong">[^<]*cannot be a handle', page.text)
    assert (await team.claude.call("whoami"))["actor"] == f"{owner.handle}/claude-1"
    require_sound(page)


async def test_a_sixth_handle_is_refused_and_the_page_says_which_there_were(team: Team, owner: OwnerRow) -> None:
    for number in range(4):
        await team.browser.fill(PATH, FORM, handle=f"{owner.handle}-{number}")
    page = await team.browser.fill(PATH, FORM, handle=f"{owner.handle}-9")
    back = await team.browser.fill(PATH, FORM, handle=owner.handle)

    assert page.status_code == 429
    assert "you have had 5 handles" in words(page)
    assert f"{owner.handle} now" in words(back)
