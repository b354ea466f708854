"""The operator's pages: the server, its owners and the sizes of projects; and suspending an owner."""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator

import asyncpg
import httpx2
import pytest
from starlette.applications import Starlette

from edge.admin.browsing import BrowserOf, make_owner, read, words
from edge.admin.looking import HOSTILE, STATEMENTS_MAX, require_sound, statements_of
from edge.admin.team import Team
from signalbox import __version__
from signalbox.config import Settings
from signalbox.db.pool import Database, schema_head
from signalbox.domain.owners import OwnerRow
from signalbox.edge.admin import contents, operators
from signalbox.edge.admin.page import Send
from signalbox.errors import OwnerSuspended

PATHS = [route.path for route in contents.PAGES if route.path.startswith("/admin/operator")]


@pytest.fixture
async def operating(
    app: Starlette, database: Database, settings: Settings, database_url: str
) -> AsyncIterator[BrowserOf]:
    """The browser of an owner who operates the server, signed in."""
    operator = await make_owner(database, f"operator-{secrets.token_hex(6)}")
    superuser = await asyncpg.connect(database_url)
    await superuser.execute("update owners set is_operator = true where owner_id = $1", operator.owner_id)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=settings.base_url) as client:
        browser = BrowserOf(client, database)
        assert (await browser.sign_in(operator.email)).status_code == 200
        yield browser
    await superuser.execute("update owners set is_operator = false where owner_id = $1", operator.owner_id)
    await superuser.close()


def page_of(owner: OwnerRow) -> str:
    return f"/admin/operator/owners/{owner.owner_id}"


async def test_the_server_says_how_it_does(operating: BrowserOf, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        page = await operating.get("/admin/operator")
    said = words(page)

    assert f"Version {__version__}" in said
    assert f"Schema {schema_head()} current" in said
    assert "enough left" in said
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(page)


async def test_recent_errors_are_shown_inert_and_the_page_stays_small(operating: BrowserOf, database_url: str) -> None:
    superuser = await asyncpg.connect(database_url)
    await superuser.executemany(
        "select note_error_v1($1, 'GET', $2, $3, $4)",
        [(f"request-{number}", HOSTILE.ljust(200, "&"), "&" * 100, "&" * 200) for number in range(60)],
    )
    page = await operating.get("/admin/operator")
    await superuser.execute("delete from server_errors where request_id like 'request-%'")
    await superuser.close()

    assert words(page).count(", request request-") == operators.ERRORS_SHOWN
    assert words(page).index("request-59") < words(page).index("request-58")
    require_sound(page)


async def test_owners_and_projects_are_listed_page_by_page(
    operating: BrowserOf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(operators, "ROWS_SHOWN", 1)
    for _ in range(2):
        await make_owner(operating.database, f"owner-{secrets.token_hex(6)}")
    first = await operating.get("/admin/operator/owners")
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        second = await operating.get(next(link for link in read(first).links if "after=" in link))
    shown = [[link for link in read(page).links if "/owners/" in link] for page in (first, second)]

    assert [len(links) for links in shown] == [1, 1]
    assert shown[0] != shown[1]
    assert statements_of(caplog) <= STATEMENTS_MAX
    assert "No more owners." in words(await operating.get(f"/admin/operator/owners?after={2**53 - 1}"))
    assert "No more projects." in words(await operating.get(f"/admin/operator/projects?after={2**53 - 1}"))
    assert (await operating.get("/admin/operator/owners?after=x")).status_code == 404


async def test_projects_are_shown_by_name_and_size_and_not_what_is_in_them(
    team: Team, owner: OwnerRow, operating: BrowserOf, caplog: pytest.LogCaptureFixture
) -> None:
    await team.claude.call("post", to_lane="backend", subject="a private word", body="a private word")
    head = (await team.claude.call("whats_new"))["head"]
    after = team.project.project_id - 1
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        page = await operating.get(f"/admin/operator/projects?after={after}")
    inside = await operating.get("/admin/projects/relay")

    assert f"relay {owner.handle} {head} 1 0 just now" in words(page)
    assert "private" not in page.text
    assert inside.status_code == 404
    assert statements_of(caplog) <= STATEMENTS_MAX
    require_sound(page)


async def test_a_full_page_of_the_longest_names_is_small(operating: BrowserOf, database_url: str) -> None:
    mark = secrets.token_hex(4)
    superuser = await asyncpg.connect(database_url)
    rows = await superuser.fetch(
        "insert into owners (handle, email) select rpad($1 || n, 39, 'x'), rpad($1 || n, 300, '&') || '@x.example'"
        " from generate_series(1, 70) n returning owner_id",
        mark,
    )
    await superuser.close()
    page = await operating.get(f"/admin/operator/owners?after={min(row['owner_id'] for row in rows) - 1}")

    assert words(page).count(mark) >= operators.ROWS_SHOWN
    require_sound(page)


async def test_a_suspended_owner_is_told_so_and_nothing_of_its_works(
    team: Team, owner: OwnerRow, operating: BrowserOf
) -> None:
    form = next(form for form in read(await team.browser.get("/admin")).forms if form.action == "/admin/projects")
    suspended = await operating.fill(page_of(owner), f"{page_of(owner)}/suspend", sure="true")
    pages = [await team.browser.get(path) for path in ("/admin", "/admin/account", "/admin/projects/relay/settings")]
    sent = await team.browser.send(form, "/admin", name="another")
    with pytest.raises(OwnerSuspended):
        await team.claude.call("whoami")
    again = await operating.fill(page_of(owner), f"{page_of(owner)}/unsuspend")
    back = await team.browser.get("/admin")

    assert "The owner is suspended." in words(suspended)
    assert [page.status_code for page in (*pages, sent)] == [403] * 4
    assert all("Your account is suspended: write to the operator" in words(page) for page in (*pages, sent))
    assert all("Sign in" not in words(page) for page in (*pages, sent))
    assert "suspended no more" in words(again)
    assert "relay" in words(back)
    assert "another" not in words(back)
    assert (await team.claude.call("whoami"))["project"] == "relay"
    require_sound(suspended)


async def test_a_suspended_owner_can_sign_out(
    team: Team, owner: OwnerRow, operating: BrowserOf, database_url: str
) -> None:
    superuser = await asyncpg.connect(database_url)
    count = "select count(*) from admin_sessions where owner_id = $1"
    await operating.fill(page_of(owner), f"{page_of(owner)}/suspend", sure="true")
    before = await superuser.fetchval(count, owner.owner_id)
    page = await team.browser.get("/admin")
    out = await team.browser.fill("/admin", "/sign-out")
    after = await superuser.fetchval(count, owner.owner_id)
    await superuser.close()
    elsewhere = await team.browser.get("/admin")

    assert [form.action for form in read(page).forms] == ["/sign-out"]
    assert (out.url.path, elsewhere.url.path) == ("/sign-in", "/sign-in")
    assert (before, after) == (1, 0)
    require_sound(page)


async def test_suspending_asks_to_be_sure_and_spares_the_operator_itself(
    team: Team, owner: OwnerRow, operating: BrowserOf
) -> None:
    unsure = await operating.fill(page_of(owner), f"{page_of(owner)}/suspend")
    (form,) = [form for form in read(unsure).forms if form.action.endswith("/suspend")]
    itself = await itself_of(operating)
    form.action = f"{itself}/suspend"
    refused = await operating.send(form, itself, sure="true")

    assert unsure.status_code == 400
    assert "tick this to go on" in words(unsure)
    assert refused.status_code == 409
    assert "cannot suspend itself" in words(refused)
    assert (await team.browser.get("/admin")).status_code == 200
    assert not [form for form in read(await operating.get(itself)).forms if form.action.endswith("/suspend")]


async def itself_of(operating: BrowserOf) -> str:
    """Name the operator's own page, the newest of those that operate."""
    owner_id = await operating.database.pool.fetchval("select max(o.owner_id) from owners o where o.is_operator")
    return f"/admin/operator/owners/{owner_id}"


@pytest.mark.parametrize("path", PATHS)
async def test_nobody_else_sees_the_operators_pages(browser: BrowserOf, owner: OwnerRow, path: str) -> None:
    named = path.replace("{owner_id}", str(owner.owner_id))
    (route, *_) = [route for route in contents.PAGES if route.path == path]
    form = next(form for form in read(await browser.get("/admin")).forms if form.action == "/sign-out")
    form.action = named
    answer = await browser.send(form, "/admin", sure="true") if isinstance(route, Send) else await browser.get(named)

    assert answer.status_code == 404
    assert "/admin/operator" not in read(await browser.get("/admin")).links


@pytest.mark.parametrize("owner_id", ["0", "999999999999999", "x", "9" * 30])
async def test_an_owner_that_is_not_there_is_not_found(operating: BrowserOf, owner_id: str) -> None:
    assert (await operating.get(f"/admin/operator/owners/{owner_id}")).status_code == 404
