"""Sequences: what comes next, who took what, and setting where one goes on."""

from __future__ import annotations

import logging

import pytest

from edge.admin.browsing import BrowserOf, read, words
from edge.admin.looking import HOSTILE, STATEMENTS_MAX, require_sound, statements_of
from edge.admin.team import Team
from signalbox.edge.admin.sequences import CLAIMS_SHOWN, SEQUENCES_SHOWN
from support import Project

PATH = "/admin/projects/relay/sequences"


async def test_an_empty_list_says_how_a_sequence_begins(team: Team) -> None:
    page = await team.browser.get(PATH)

    assert "No sequence yet." in words(page)
    require_sound(page)


async def test_a_sequence_is_seeded_and_agents_go_on_from_there(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    await team.browser.fill(PATH, PATH, sequence="adr", current=41, prefix="ADR ", pad=4)
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        page = await team.browser.get(PATH)
    taken = await team.claude.call("claim", sequence="adr", note="why we parse twice")

    assert "adr ADR 0042 41" in words(page)
    assert taken["formatted"] == "ADR 0042"
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(page)


async def test_a_sequence_shows_who_took_what(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    await team.claude.call("claim", sequence="adr", note="why we parse twice")
    await team.codex.call("claim", sequence="adr")
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        page = await team.browser.get(f"{PATH}/adr")

    assert "2 " + team.codex.actor in words(page)
    assert f"1 {team.claude.actor} just now why we parse twice" in words(page)
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(page)


async def test_a_format_stays_where_it_is_left_out_and_goes_where_it_is_emptied(team: Team) -> None:
    await team.browser.fill(PATH, PATH, sequence="adr", current=1, prefix="ADR ", pad=4)
    await team.browser.fill(PATH, PATH, sequence="adr", current=2)
    kept = words(await team.browser.get(PATH))
    await team.browser.fill(f"{PATH}/adr", f"{PATH}/adr/seed", current=3)
    same = words(await team.browser.get(PATH))
    await team.browser.fill(f"{PATH}/adr", f"{PATH}/adr/seed", current=3, prefix="", pad=0)
    emptied = words(await team.browser.get(PATH))

    assert "ADR 0003" in kept
    assert "ADR 0004" in same
    assert "adr 4 3" in emptied


@pytest.mark.parametrize(
    ("field", "value", "status", "why"),
    [
        ("sequence", "A B", 400, "lower-case letters"),
        ("sequence", "", 400, "fill this in"),
        ("current", "-1", 400, "at least 0"),
        ("current", "9" * 30, 400, "at most"),
        ("current", "2", 409, "never goes back"),
        ("prefix", HOSTILE, 400, "at most 16"),
        ("pad", "13", 400, "at most 12"),
    ],
)
async def test_a_seed_that_does_not_fit_is_shown_again(
    team: Team, field: str, value: str, status: int, why: str
) -> None:
    await team.browser.fill(PATH, PATH, sequence="adr", current=7)
    filled = {"sequence": "adr", "current": "8"} | {field: value}
    page = await team.browser.fill(PATH, PATH, **filled)
    form = next(form for form in read(page).forms if form.action == PATH)

    assert page.status_code == status
    assert why in words(page)
    assert form.fields[field] == value
    assert "adr 8 7" in words(await team.browser.get(PATH))
    require_sound(page)


async def test_going_back_is_refused_on_the_page_of_the_sequence(team: Team) -> None:
    await team.browser.fill(PATH, PATH, sequence="adr", current=7)
    page = await team.browser.fill(f"{PATH}/adr", f"{PATH}/adr/seed", current=3)

    assert page.status_code == 409
    assert "never goes back" in words(page)
    require_sound(page)


async def test_claims_are_shown_page_by_page(team: Team) -> None:
    line = HOSTILE.ljust(500, "&")[:500]
    for number in range(1, CLAIMS_SHOWN + 3):
        await team.claude.call("claim", sequence="adr", note=line)
        await team.claude.call("settle_claim", sequence="adr", number=number, outcome="committed", ref=line[:120])
    first = await team.browser.get(f"{PATH}/adr")
    second = await team.browser.get(next(link for link in read(first).links if "before=" in link))
    taken = [[link for link in read(page).links if "/ledger/" in link] for page in (first, second)]

    assert [len(links) for links in taken] == [CLAIMS_SHOWN, 2]
    require_sound(first)
    require_sound(second)


async def test_what_became_of_a_number_is_shown(team: Team) -> None:
    for _ in range(2):
        await team.claude.call("claim", sequence="adr")
    await team.claude.call("settle_claim", sequence="adr", number=1, outcome="void", ref="PR-7")
    page = words(await team.browser.get(f"{PATH}/adr"))

    assert page.index("What became of it") < page.index("void PR-7")
    assert page.count("void") == 1


async def test_a_number_is_settled_once(team: Team) -> None:
    for _ in range(2):
        await team.claude.call("claim", sequence="adr")
    path = f"{PATH}/adr/settle"
    settled = await team.browser.fill(f"{PATH}/adr", path, number=1, outcome="void", ref="PR-7")
    otherwise = await team.browser.fill(f"{PATH}/adr", path, number=1, outcome="committed")
    untaken = await team.browser.fill(f"{PATH}/adr", path, number=3, outcome="void")
    left = await team.claude.call("latest_claims", unsettled=True)

    assert "void PR-7" in words(settled)
    assert [settled.status_code, otherwise.status_code, untaken.status_code] == [200, 409, 404]
    assert "1 is void already: PR-7" in words(otherwise)
    assert [claim["number"] for claim in left["sequences"]] == [2]
    for page in (settled, otherwise, untaken):
        require_sound(page)


async def test_many_sequences_are_shown_page_by_page(team: Team) -> None:
    names = [f"a-sequence-of-a-longer-name-{number:03}".ljust(64, "x") for number in range(SEQUENCES_SHOWN + 2)]
    for name in names:
        await team.claude.call("claim", sequence=name)
    first = await team.browser.get(PATH)
    second = await team.browser.get(next(link for link in read(first).links if "after=" in link))
    linked = [link.removeprefix(f"{PATH}/") for page in (first, second) for link in read(page).links]

    assert [name for name in linked if name in names] == names
    require_sound(first)


@pytest.mark.parametrize("path", ["nothing", "A", "adr?before=x", "%00", "adr%2Fx"])
async def test_what_is_no_sequence_is_not_there(team: Team, path: str) -> None:
    await team.claude.call("claim", sequence="adr")

    assert (await team.browser.get(f"{PATH}/{path}")).status_code == 404


async def test_sequences_of_others_are_not_there(team: Team, browser: BrowserOf, other_project: Project) -> None:
    foreign = await other_project.join("claude-1")
    await foreign.call("claim", sequence="theirs")
    form = next(form for form in read(await browser.get(PATH)).forms if form.action == PATH)
    seen = [await browser.get(f"{PATH}/theirs"), await browser.get("/admin/projects/main/sequences/theirs")]
    sent = []
    foreign_paths = ("", "/theirs/seed", "/theirs/settle")
    for action in (f"/admin/projects/main/sequences{path}" for path in foreign_paths):
        form.action = action
        sent.append(await browser.send(form, PATH, sequence="theirs", current=99, number=1, outcome="void"))

    assert [page.status_code for page in (*seen, *sent)] == [404] * 5
    assert (await foreign.call("claim", sequence="theirs"))["number"] == 2
    assert (await team.claude.call("list_sequences"))["sequences"] == []
