"""Leases: found by filters, shown whole, and ended for their holder with a reason."""

from __future__ import annotations

import logging

import pytest

from edge.admin.browsing import BrowserOf, read, words
from edge.admin.looking import HOSTILE, STATEMENTS_MAX, require_sound, statements_of
from edge.admin.team import Team
from signalbox.edge.admin.leases import LEASES_SHOWN
from support import Project

PATH = "/admin/projects/relay/leases"


async def test_an_empty_list_says_what_would_fill_it(team: Team) -> None:
    page = await team.browser.get(PATH)

    assert "Nobody holds anything now." in words(page)
    require_sound(page)


async def test_leases_are_found_by_surface_holder_and_whether_they_are_over(
    team: Team, caplog: pytest.LogCaptureFixture
) -> None:
    await team.claude.call("lease", surface="src/parser/**", ttl_seconds=9000, note="rewriting")
    await team.codex.call("lease", surface="docs/", ttl_seconds=300)
    await team.codex.call("lease", surface="src/old.py")
    await team.codex.call("release", surface="src/old.py")
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        everything = await team.browser.get(PATH)
    overlapping = words(await team.browser.get(f"{PATH}?surface=src/parser/lexer.py"))
    of_codex = words(await team.browser.get(f"{PATH}?holder=codex-1"))
    ever = words(await team.browser.get(f"{PATH}?include_over=true"))
    none = words(await team.browser.get(f"{PATH}?surface=elsewhere"))

    assert "src/parser/** 2 h left" in words(everything)
    assert "rewriting" in words(everything)
    assert "src/old.py" not in words(everything)
    assert ("src/parser/**" in overlapping, "docs/**" in overlapping) == (True, False)
    assert ("src/parser/**" in of_codex, "docs/**" in of_codex) == (False, True)
    assert "src/old.py released" in ever
    assert "No lease is like that." in none
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(everything)


async def test_who_shares_and_who_waits_is_shown(team: Team) -> None:
    for one in (team.claude, team.codex):
        await one.call("lease", surface="src/**", mode="shared")
    await team.codex.call("lease", surface="docs")
    await team.claude.call("lease", surface="docs/a.md", queue=True)
    await team.claude.call("lease", surface="src/**", mode="exclusive", queue=True)
    pages = {path: await team.browser.get(f"{PATH}{path}") for path in ("", "/1", "/2", "/3", "?holder=codex-1")}
    said = {path: words(page) for path, page in pages.items()}

    assert "src/** shared 30 min left" in said[""]
    assert f"Who waits {team.claude.actor} waits for docs/a.md since" in said[""]
    assert "Mode shared" in said["/1"]
    assert f"Who waits for it {team.claude.actor} waits for src/** since" in said["/2"]
    assert "docs/a.md" not in said["/2"]
    assert "Mode exclusive" in said["/3"]
    assert "Who waits" not in said["?holder=codex-1"]
    require_sound(pages[""])
    require_sound(pages["/2"])


@pytest.mark.parametrize("query", ["holder=nobody-1", "holder=%00", f"surface={'x' * 201}", "before=x"])
async def test_filters_that_do_not_fit_are_shown_with_what_is_wrong(team: Team, query: str) -> None:
    await team.claude.call("lease", surface="src/**")
    page = await team.browser.get(f"{PATH}?{query}")

    assert page.status_code == 400
    assert "Nothing was looked for" in words(page)
    require_sound(page)


async def test_a_lease_is_ended_for_its_holder_and_the_reason_stands_in_the_ledger(team: Team) -> None:
    lease = await team.claude.call("lease", surface="src/**")
    ended = await team.browser.fill(
        f"{PATH}/{lease['lease_id']}", f"{PATH}/{lease['lease_id']}/force-release", reason="It is asleep."
    )
    (event,) = (await team.codex.call("query_events", last_n=1))["events"]
    shown = await team.browser.get(f"{PATH}/{lease['lease_id']}")

    assert (ended.url.path, ended.url.query) == (PATH, b"notice=lease_released")
    assert (event["type"], event["payload"]["reason"]) == ("release", "It is asleep.")
    assert (await team.codex.call("who_holds"))["leases"] == []
    assert "released" in words(shown)
    assert not [form for form in read(shown).forms if form.action.endswith("force-release")]


async def test_a_release_without_a_reason_or_of_what_is_over_is_not_taken(team: Team) -> None:
    lease = await team.claude.call("lease", surface="src/**")
    path = f"{PATH}/{lease['lease_id']}"
    (form,) = [form for form in read(await team.browser.get(path)).forms if form.action.endswith("force-release")]
    nothing_said = await team.browser.send(form, path, reason=" ")
    await team.claude.call("release", surface="src/**")
    late = await team.browser.send(form, path, reason="It is asleep.")

    assert nothing_said.status_code == 400
    assert "fill this in" in words(nothing_said)
    assert late.status_code == 409
    assert "is over already" in words(late)
    require_sound(nothing_said)
    require_sound(late)


async def test_a_form_that_is_sent_twice_ends_a_lease_once(team: Team) -> None:
    lease = await team.claude.call("lease", surface="src/**")
    path = f"{PATH}/{lease['lease_id']}"
    (form,) = [form for form in read(await team.browser.get(path)).forms if form.action.endswith("force-release")]
    answers = [await team.browser.send(form, path, reason="It is asleep.") for _ in range(2)]

    assert {answer.url.path for answer in answers} == {PATH}


async def test_hostile_text_is_inert_and_a_full_page_is_small(team: Team) -> None:
    for number in range(LEASES_SHOWN + 1):
        line = f"{number}/{HOSTILE}".ljust(200, "&")[:200]
        lease = await team.claude.call("lease", surface=line, note=line)
    first = await team.browser.get(PATH)
    second = await team.browser.get(next(link for link in read(first).links if "before=" in link))
    one = await team.browser.get(f"{PATH}/{lease['lease_id']}")

    for page in (first, second, one):
        require_sound(page)
    assert len([link for link in read(first).links if link.startswith(f"{PATH}/")]) == LEASES_SHOWN
    assert len([link for link in read(second).links if link.startswith(f"{PATH}/")]) == 1


async def test_leases_of_others_are_not_there(team: Team, browser: BrowserOf, other_project: Project) -> None:
    foreign = await other_project.join("claude-1")
    for number in range(4):
        lease = await foreign.call("lease", surface=f"theirs-{number}")
    ours = await team.claude.call("lease", surface="ours")
    (form,) = [
        form
        for form in read(await browser.get(f"{PATH}/{ours['lease_id']}")).forms
        if form.action.endswith("force-release")
    ]
    form.action = f"{PATH}/{lease['lease_id']}/force-release"
    tries = [
        await browser.send(form, PATH, reason="mine now"),
        await browser.get(f"{PATH}/{lease['lease_id']}"),
        await browser.get("/admin/projects/main/leases"),
        await browser.get("/admin/projects/main/leases/1"),
    ]

    assert [page.status_code for page in tries] == [404] * 4
    assert len((await foreign.call("who_holds"))["leases"]) == 4
