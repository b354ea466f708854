"""The ledger: exact filters, one event, how busy the project was, and the whole of it as a file."""

from __future__ import annotations

import json
import logging

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.types import Message, Receive, Scope, Send

from edge.admin.browsing import read, words
from edge.admin.looking import HOSTILE, STATEMENTS_MAX, require_sound, statements_of
from edge.admin.team import Team
from signalbox.db.pool import Database
from signalbox.db.visits import Visits
from signalbox.domain import sign_in
from signalbox.domain.exports import EXPORT_PAGE_EVENTS, ExportWish, export_lines
from signalbox.domain.owners import OwnerRow
from signalbox.errors import NoCredential, NotFound
from signalbox.identity import secret_hash

IDLE_SECONDS = 3600


async def test_the_ledger_shows_what_happened_newest_first(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    await team.claude.call("post", to_actor="codex-1", subject="Plan", body="b", ref="PR-7", tag="plan")
    await team.codex.call("claim", sequence="adr", note="about queues")
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        page = await team.browser.get(f"{team.path}/ledger")
    said = words(page)

    assert said.index("claimed 1 of adr: “about queues”") < said.index("about PR-7: “Plan”")
    assert f"{team.path}/ledger/4" in read(page).links
    assert '<svg class="chart" role="img" aria-labelledby="chart-title chart-desc"' in page.text
    assert "4 events in the last 24 hours" in said
    assert "admin_provision" in said
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(page)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("actor=codex-1", {4, 5}),
        ("type=claim", {4}),
        ("sequence=adr", {4}),
        ("ref=PR-7", {3}),
        ("tag=plan&actor=claude-1", {3}),
        ("since=2020-01-01T00:00&before=4", {1, 2, 3}),
        ("until=2020-01-01", set()),
        ("type=post&actor=codex-1", set()),
    ],
)
async def test_filters_are_exact(team: Team, query: str, found: set[int]) -> None:
    await team.claude.call("post", to_actor="codex-1", subject="Plan", body="b", ref="PR-7", tag="plan")
    await team.codex.call("claim", sequence="adr")
    await team.codex.call("ack", post_id=1)
    page = await team.browser.get(f"{team.path}/ledger?{query}")
    prefix = f"{team.path}/ledger/"

    assert page.status_code == 200
    assert {int(link.removeprefix(prefix)) for link in read(page).links if link.startswith(prefix)} == found
    assert found or "No event is like that." in words(page)


@pytest.mark.parametrize(
    "query", ["since=yesterday", "until=2030-13-01T00:00", "actor=nobody", "before=x", f"ref={'r' * 121}"]
)
async def test_wrong_filters_are_said_by_their_field_and_nothing_is_looked_for(team: Team, query: str) -> None:
    page = await team.browser.get(f"{team.path}/ledger?{query}")

    assert page.status_code == 400
    assert "mend the filters" in words(page)
    assert ('aria-invalid="true"' in page.text) is not query.startswith("before")


async def test_the_ledger_is_paged(team: Team) -> None:
    for _ in range(52):
        await team.codex.call("claim", sequence="adr")
    first = await team.browser.get(f"{team.path}/ledger")
    older = await team.browser.get(next(link for link in read(first).links if "before=" in link))

    assert f"{team.path}/ledger/5" in read(first).links
    assert f"{team.path}/ledger/4" not in read(first).links
    assert f"{team.path}/ledger/4" in read(older).links
    assert "before=" not in " ".join(read(older).links)


async def test_an_event_has_a_page_that_links_what_it_is_about(team: Team) -> None:
    await team.claude.call("post", to_actor="codex-1", subject="Plan", body="b")
    await team.claude.call("task_create", title="t")
    await team.claude.call("post", reply_to=1, body="b")
    pages = [await team.browser.get(f"{team.path}/ledger/{seq}") for seq in (3, 4, 5)]

    assert f"{team.path}/posts/1" in read(pages[0]).links
    assert f"{team.path}/tasks/1" in read(pages[1]).links
    assert {f"{team.path}/posts/1", f"{team.path}/posts/2"} <= set(read(pages[2]).links)
    assert "“Plan”" in words(pages[0])
    assert '"subject": "Plan"' in words(pages[0])
    for page in pages:
        require_sound(page)


@pytest.mark.parametrize("path", ["ledger/999", "ledger/0", "ledger/x"])
async def test_unknown_events_are_not_found(team: Team, path: str) -> None:
    assert (await team.browser.get(f"{team.path}/{path}")).status_code == 404


async def test_full_pages_of_hostile_text_are_small_and_inert(team: Team) -> None:
    line = (HOSTILE * 4)[:200]
    for number in range(55):
        await team.codex.call(
            "post", to_lane=line[:64], subject=line, body="b", ref=line[:120], tag=f"{number}{line}"[:64]
        )
    pages = [await team.browser.get(f"{team.path}/{path}") for path in ("ledger", "ledger/20", "ledger?type=post")]

    for page in pages:
        require_sound(page)
        assert "&lt;script&gt;alert(1)" in page.text
    assert "[U+202E]" in words(pages[1])


async def test_the_ledger_is_downloaded_whole(team: Team) -> None:
    await team.claude.call("post", to_actor="codex-1", subject="Plan", body="the body\n<script>")
    lines = await team.browser.get(f"{team.path}/export.jsonl")
    text = await team.browser.get(f"{team.path}/export.md")

    assert [json.loads(line)["id"] for line in lines.text.splitlines()] == [1, 2, 3]
    assert json.loads(lines.text.splitlines()[2])["body"] == "the body\n<script>"
    assert lines.headers["content-disposition"] == 'attachment; filename="relay-ledger.jsonl"'
    assert text.headers["content-disposition"] == 'attachment; filename="relay-ledger.md"'
    assert text.text.startswith("# Ledger of `relay`, up to event 3\n")
    assert "the body\n<script>" in text.text
    assert lines.headers["x-content-type-options"] == "nosniff"


async def a_long_export(team: Team, database: Database, owner: OwnerRow) -> tuple[str, Visits]:
    """Make a ledger of more than one page of an export, and a session to read it with."""
    for _ in range(EXPORT_PAGE_EVENTS + 1):
        await team.codex.call("claim", sequence="adr")
    secret = str(await sign_in.open_session(database, owner.owner_id, "link", "a browser", IDLE_SECONDS))
    return secret, Visits(database, secret_hash(secret), IDLE_SECONDS, team.project.owner.project)


async def test_an_export_holds_no_connection_between_its_chunks(
    team: Team, database: Database, owner: OwnerRow
) -> None:
    _, visits = await a_long_export(team, database, owner)
    chunks = export_lines(visits, team.project.owner, ExportWish())
    in_use = [database.pool.get_size() - database.pool.get_idle_size() async for _ in chunks]

    assert in_use == [0, 0]


async def test_a_download_breaks_off_when_its_session_ends(team: Team, app: Starlette, owner: OwnerRow) -> None:
    await a_long_export(team, team.browser.database, owner)
    sent: list[bytes] = []

    async def ending(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            await send(message)
            if message.get("body"):
                sent.append(message["body"])
                await sign_in.end_sessions(team.browser.database, owner.owner_id)

        await app(scope, receive, sending)

    transport = httpx2.ASGITransport(app=ending)
    cookies = {"signalbox": team.browser.web.cookies["signalbox"]}
    async with httpx2.AsyncClient(transport=transport, base_url=team.browser.origin, cookies=cookies) as client:
        with pytest.raises(AssertionError):  # the transport's own: it was begun and not ended
            await client.get(f"{team.path}/export.jsonl")

    assert [chunk.count(b"\n") for chunk in sent] == [EXPORT_PAGE_EVENTS, 1]
    assert json.loads(sent[-1])["error"]["code"] == "unauthenticated"


async def test_a_project_that_is_gone_ends_an_export(team: Team, database: Database, owner: OwnerRow) -> None:
    secret, _ = await a_long_export(team, database, owner)
    gone = Visits(database, secret_hash(secret), IDLE_SECONDS, "no-such-project")

    with pytest.raises(NotFound):
        await anext(export_lines(gone, team.project.owner, ExportWish(format="md")))


async def test_an_export_ends_with_the_session(team: Team, database: Database, owner: OwnerRow) -> None:
    _, visits = await a_long_export(team, database, owner)
    chunks = export_lines(visits, team.project.owner, ExportWish())
    first = await anext(chunks)
    await sign_in.end_sessions(database, owner.owner_id)

    assert first.count("\n") == EXPORT_PAGE_EVENTS
    assert "sign in first" in await anext(chunks)
    with pytest.raises(NoCredential):
        await anext(chunks)
