"""The board: what agents did stands on it, short and inert, in two statements."""

from __future__ import annotations

import logging
import re

import asyncpg
import pytest

from edge.admin.browsing import BrowserOf, read, words
from edge.admin.looking import HOSTILE, STATEMENTS_MAX, require_sound, statements_of
from edge.admin.team import Team

MANY = 50


async def test_a_new_project_says_what_to_do_next(browser: BrowserOf) -> None:
    page = await browser.fill("/admin", "/admin/projects", name="fresh")

    assert page.url.path == "/admin/projects/fresh"
    assert "/admin/projects/fresh/participants" in read(page).links
    assert "No handoff waits." in words(page)
    assert "Nothing is under way." in words(page)
    assert "Nobody holds anything." in words(page)
    assert "Nothing has happened yet." in words(page)
    require_sound(page)


async def test_the_board_shows_how_the_project_stands(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    await team.claude.call("register", lane="backend", status="mending the queue")
    await team.claude.call("post", to_actor="codex-1", subject="take the parser", body="…", ref="PR-7")
    await team.codex.call("lease", surface="src/parser/**", ttl_seconds=3600, note="rewriting")
    await team.codex.call("task_create", title="write the parser", owner="codex-1")
    await team.codex.call("claim", sequence="adr")
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        page = await team.browser.get(team.path)
    said = words(page)

    assert "mending the queue" in said
    assert "take the parser" in said
    assert f"{team.claude.actor} to {team.codex.actor}, PR-7" in said
    assert f"{team.path}/posts/1" in read(page).links
    assert "src/parser/**" in said
    assert "59 min left" in said or "1 h left" in said
    assert "write the parser" in said
    assert "assigned 1" in said
    assert "adr next is 2" in said
    assert "claimed 1 of adr" in said
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(page)


async def test_an_overdue_handoff_is_marked(team: Team, database_url: str) -> None:
    await team.claude.call("post", to_actor="codex-1", subject="long ago", body="…")
    fresh = await team.browser.get(team.path)
    superuser = await asyncpg.connect(database_url)
    await superuser.execute(
        "update posts set created_at = created_at - interval '2 days' where project_id = $1", team.project.project_id
    )
    await superuser.close()
    late = await team.browser.get(team.path)

    assert "overdue" not in words(fresh)
    assert "overdue" in words(late)


async def test_what_is_live_is_marked_for_the_script(team: Team) -> None:
    page = await team.browser.get(team.path)

    assert re.search(rf'<main id="main" data-events="{team.path}/live" data-head="\d+">', page.text)
    assert page.text.count("data-live") == 7


async def test_a_full_board_of_hostile_text_is_small_and_inert(team: Team) -> None:
    line = HOSTILE.ljust(140, "&")[:140]
    for number in range(MANY):
        agent = await team.project.join(f"a-participant-of-a-longer-name-{number}")
        await agent.call("register", lane=f"lane-{number}{'&' * 50}", status=line)
        await agent.call("post", to_actor="codex-1", subject=line, body=line, ref=line[:120])
        await agent.call("lease", surface=f"src/{number}/{line}", note=line)
        await agent.call("task_create", title=line, owner="codex-1")
        await agent.call("claim", sequence=f"sequence-of-a-longer-name-{number}", note=line)
    page = await team.browser.get(team.path)

    require_sound(page)
    assert "&lt;script&gt;alert(1)" in page.text
    assert "and 25 more waiting" in words(page)
