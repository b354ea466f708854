"""The search page: what was found, marked and escaped, page by page, and the way to each."""

from __future__ import annotations

import logging

import pytest

from domain.searching import index
from edge.admin.browsing import read, words
from edge.admin.looking import HOSTILE, STATEMENTS_MAX, require_sound, statements_of
from edge.admin.team import Team
from signalbox.edge.admin.rendering import found_in
from signalbox.edge.admin.search import HITS_SHOWN

PATH = "/admin/projects/relay/search"


async def test_nothing_is_searched_for_before_somebody_asks(team: Team) -> None:
    page = await team.browser.get(PATH)

    assert page.status_code == 200
    assert "fill this in" not in words(page)
    require_sound(page)


@pytest.mark.parametrize("is_indexed", [False, True])
async def test_what_was_found_is_shown_with_the_way_to_it(
    team: Team, caplog: pytest.LogCaptureFixture, *, is_indexed: bool
) -> None:
    await team.claude.call("post", to_lane="docs", subject="Retry policy", body="We retried src/app.py <twice>.")
    await team.codex.call("task_create", title="Stop retries", detail="They never end.")
    await team.codex.call("claim", sequence="adr", note="when to retry")
    if is_indexed:
        await index(team.project)
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        page = await team.browser.get(f"{PATH}?query=retry")
    task = words(await team.browser.get(f"{PATH}?query=retry&kind=task"))

    shown = words(page)
    assert "Post 1 Retry policy" in shown
    assert "Task 1 Stop retries" in shown
    assert "adr 1" in shown
    assert "We <mark>retried</mark> src/app.py &lt;twice&gt;." in page.text
    for path in ("posts/1", "tasks/1"):
        assert f'href="/admin/projects/relay/{path}"' in page.text
    assert "Task 1" in task
    assert "Post 1" not in task
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(page)


async def test_pages_go_on_to_what_is_older(team: Team) -> None:
    for number in range(HITS_SHOWN + 1):
        await team.claude.call("claim", sequence="adr", note=f"cache {number}")
    first = await team.browser.get(f"{PATH}?query=cache&kind=event")
    (older,) = [link for link in read(first).links if "cursor=" in link]
    second = await team.browser.get(older)

    assert first.text.count("<mark>cache</mark>") == HITS_SHOWN
    assert second.text.count("<mark>cache</mark>") == 1
    assert "cursor=" not in second.text


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_words_are_shown_as_words(team: Team, text: str) -> None:
    await team.claude.call("post", to_lane="docs", subject=text.replace("\n", " ")[:200], body=f"needle {text}")
    page = await team.browser.get(f"{PATH}?query=needle")

    assert "<mark>needle</mark>" in page.text
    require_sound(page)


async def test_wrong_filters_are_shown_with_what_is_wrong(team: Team) -> None:
    page = await team.browser.get(f"{PATH}?query=cache&actor=nobody&limit=3")
    other = await team.browser.get(f"{PATH}?query=cache&kind=nothing")

    assert (page.status_code, other.status_code) == (400, 400)
    assert "no participant" in words(page)
    assert "one of the choices" in words(other)


def test_only_what_was_found_is_marked() -> None:
    assert found_in("a \x02<b>\x03 \x02c\x03") == "<bdi>a <mark>&lt;b&gt;</mark> <mark>c</mark></bdi>"
    assert found_in("<script>") == "<bdi>&lt;script&gt;</bdi>"
