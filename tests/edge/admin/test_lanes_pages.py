"""Lanes on pages: an owner makes, enters and leaves them as a participant like others, and sees no more than that."""

from __future__ import annotations

import logging
from urllib.parse import quote

import pytest

from closed import MARK, closed_scene, say_all
from edge.admin.browsing import BrowserOf, read, words
from edge.admin.furnishing import furnish
from edge.admin.looking import HOSTILE, STATEMENTS_MAX, require_sound, statements_of
from edge.admin.team import Team
from edge.admin.test_every_page import SHOWN, filled
from signalbox.domain.owners import OwnerRow

PATH = "/admin/projects/relay/lanes"


def page_of(lane: str) -> str:
    return f"{PATH}/one?lane={quote(lane, safe='')}"


async def test_lanes_are_listed_with_who_sees_them(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    await team.claude.call("configure_lane", lane="vault", access="private", description="Who ships.")
    await team.claude.call("configure_lane", lane="ops", access="secret")
    await team.codex.call("post", to_lane="a/b", body="Look.")
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        page = await team.browser.get(PATH)

    assert "a/b all 0 backend all 1 frontend all 1 vault its members; its name by all" in words(page)
    assert "ops~" not in page.text
    assert "Who ships." not in page.text
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(page)


async def test_an_owner_makes_a_secret_lane_and_invites_to_it(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    made = await team.browser.fill(PATH, PATH, lane="ops", access="secret", description="At night.")
    lane = made.url.params["lane"]
    invited = await team.browser.fill(page_of(lane), f"{PATH}/invite", participant_name="claude-1")
    await team.claude.call("join_lane", lane=lane)
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        page = await team.browser.get(page_of(lane))

    assert "The lane is there." in words(made)
    assert "They hear of it, and may join." in words(invited)
    assert "secret: its members read and know of it" in words(page)
    assert f"{team.project.handle} since" in words(page)
    assert f"{team.claude.actor} since" in words(page)
    assert lane not in caplog.text
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(page)


async def test_a_lane_is_opened_closed_and_described(team: Team) -> None:
    await team.browser.fill(PATH, PATH, lane="vault", access="private")
    opened = await team.browser.fill(page_of("vault"), f"{PATH}/change", access="open", description="Quiet.")
    cleared = await team.browser.fill(page_of("vault"), f"{PATH}/change", access="private", description="")
    removed = await team.browser.fill(page_of("vault"), f"{PATH}/remove", participant_name="codex-1")
    left = await team.browser.fill(page_of("vault"), f"{PATH}/leave")
    again = await team.browser.fill(page_of("vault"), f"{PATH}/join")

    assert "open: anybody reads and joins What for Quiet." in words(opened)
    assert "private: its members read, by invitation Made by" in words(cleared)
    assert "They are out, and hear of it." in words(removed)
    assert "You are not in that lane any more." in words(left)
    assert "You are in this lane" in words(again)


async def test_a_form_that_does_not_fit_is_shown_again(team: Team) -> None:
    await team.browser.fill(PATH, PATH, lane="vault", access="private")
    nobody = await team.browser.fill(page_of("vault"), f"{PATH}/invite", participant_name="nobody")
    empty = await team.browser.fill(page_of("vault"), f"{PATH}/remove", participant_name="")
    strange = await team.browser.fill(PATH, PATH, lane="@me", access="private")
    hostile = await team.browser.fill(PATH, PATH, lane=HOSTILE[:64], access="private", description=HOSTILE[:140])

    assert nobody.status_code == 404
    assert (empty.status_code, "fill this in" in words(empty)) == (400, True)
    assert (strange.status_code, "does not begin with @" in words(strange)) == (400, True)
    require_sound(hostile)


async def test_a_secret_lane_of_others_has_no_page(team: Team) -> None:
    made = await team.claude.call("configure_lane", lane="ops", access="secret")
    answers = [await team.browser.get(page_of(lane)) for lane in (made["lane"], "ops~000000", "nowhere", "")]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert answers[0].text.replace(made["lane"], "x") == answers[1].text.replace("ops~000000", "x")


async def test_no_page_shows_an_owner_what_is_said_in_lanes_it_is_not_in(
    browser: BrowserOf, team: Team, owner: OwnerRow
) -> None:
    scene = await closed_scene(team.project)
    for lane in scene.lanes:
        await say_all(scene, lane)
    ids = (await furnish(browser.database, owner, "relay")).ids
    shown = [filled(page.path, ids) for page in SHOWN if "{project}" in page.path] + ["/admin"]
    to_see, seen = list(shown), dict[str, str]()
    while to_see and len(seen) < 150:
        path = to_see.pop(0).partition("#")[0]
        if path not in seen and path.startswith(("/admin/projects/relay", "/admin")) and not path.endswith("/live"):
            page = await browser.get(path)
            seen[path] = page.text
            to_see += read(page).links if "text/html" in page.headers["content-type"] else []

    assert len(seen) > 40
    assert {path for path, text in seen.items() if MARK in text or scene.secret in text} == set()
    assert "vault" in seen[PATH]
