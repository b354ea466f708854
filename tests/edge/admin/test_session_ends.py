"""What a session is worth when time has passed, when somebody else acts meanwhile, and when two tabs act at once."""

from __future__ import annotations

import re
import secrets
from typing import Any, Final

import anyio
import asyncpg
import httpx2
import pytest

from edge.admin.browsing import BrowserOf, SeenForm, make_owner, read, words
from edge.admin.conftest import Visiting
from edge.admin.team import Team
from signalbox.domain import identities, invites, operators, owners
from signalbox.domain.identities import Identity
from signalbox.domain.invites import InviteArgs
from signalbox.domain.owners import OwnerRow
from support import make_project

TOKEN: Final = re.compile(r"sbx_\w{20,}")


async def write(dsn: str, statement: str, *arguments: Any) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement, *arguments)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("column", "value", "holds"),
    [
        ("last_seen_at", "now() - interval '167 hours'", True),
        ("last_seen_at", "now() - interval '169 hours'", False),
        ("expires_at", "now() + interval '1 minute'", True),
        ("expires_at", "now()", False),
    ],
)
async def test_a_session_ends_unused_or_old(
    browser: BrowserOf, owner: OwnerRow, database_url: str, column: str, value: str, *, holds: bool
) -> None:
    await write(database_url, f"update admin_sessions set {column} = {value} where owner_id = $1", owner.owner_id)
    page = await browser.web.get("/admin")
    again = await browser.web.get("/admin")

    assert [page.status_code, again.status_code] == [200 if holds else 303] * 2


async def test_being_used_does_not_make_a_session_live_for_longer(
    browser: BrowserOf, owner: OwnerRow, database_url: str
) -> None:
    ends = "update admin_sessions set expires_at = now() + interval '1 s', last_seen_at = now() - interval '1 h'"
    await write(database_url, f"{ends} where owner_id = $1", owner.owner_id)
    await browser.web.get("/admin")
    connection = await asyncpg.connect(database_url)
    row = await connection.fetchrow(
        "select expires_at < now() + interval '2 s' as soon, last_seen_at > now() - interval '1 min' as seen "
        "from admin_sessions where owner_id = $1",
        owner.owner_id,
    )
    await connection.close()

    assert row is not None
    assert dict(row) == {"soon": True, "seen": True}


async def test_signing_in_again_ends_the_session_that_the_browser_had(browser: BrowserOf, owner: OwnerRow) -> None:
    old = browser.web.cookies["signalbox"]
    await browser.sign_in(owner.email)
    account = await browser.get("/admin/account")
    browser.web.cookies.clear()
    browser.web.cookies.set("signalbox", old)
    stale = await browser.web.get("/admin")

    assert stale.status_code == 303
    assert not [form for form in read(account).forms if "/sessions/" in form.action], "there is no other one"


async def test_an_operator_who_is_one_no_more_is_so_at_once(
    browser: BrowserOf, owner: OwnerRow, database_url: str
) -> None:
    await write(database_url, "update owners set is_operator = true where owner_id = $1", owner.owner_id)
    other = await make_owner(browser.database, f"other-{secrets.token_hex(6)}")
    path = f"/admin/operator/owners/{other.owner_id}"
    page = await browser.get(path)
    form = next(form for form in read(page).forms if form.action.endswith("/suspend"))
    await write(database_url, "update owners set is_operator = false where owner_id = $1", owner.owner_id)
    looked = await browser.get("/admin/operator")
    sent = await browser.send(form, path, sure="true")

    assert (page.status_code, looked.status_code, sent.status_code) == (200, 404, 404)
    assert (await operators.one_owner(browser.database, other.owner_id)).suspended_at is None


async def at_once(browser: BrowserOf, form: SeenForm, times: int, **fields: str) -> list[httpx2.Response]:
    answers: list[httpx2.Response] = []

    async def send() -> None:
        answers.append(await browser.send(form, "/admin", **fields))

    async with anyio.create_task_group() as group:
        for _ in range(times):
            group.start_soon(send)
    return answers


async def test_a_form_that_is_sent_twice_at_once_makes_one_secret(team: Team) -> None:
    page = await team.browser.get(f"{team.path}/participants")
    form = next(form for form in read(page).forms if form.action.endswith("/new"))
    answers = await at_once(team.browser, form, 5, participant_name="twice")
    shown = [TOKEN.findall(answer.text) for answer in answers]

    assert [answer.status_code for answer in answers] == [200] * 5
    assert len([one for one in shown if one]) == 1
    assert len({token for one in shown for token in one}) == 1


async def test_an_invite_with_one_use_is_accepted_once_by_many_tabs_at_once(team: Team, visiting: Visiting) -> None:
    guest = await make_owner(team.browser.database, f"guest-{secrets.token_hex(6)}")
    invite = await invites.create_invite(team.browser.database, team.project.owner, InviteArgs())
    link = f"/invite?code={invite.code}"
    async with visiting() as tabs:
        await tabs.sign_in(guest.email)
        form = next(form for form in read(await tabs.get(link)).forms if form.action == "/invite/accept")
        answers = await at_once(tabs, form, 8, name="helper")

    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 7]
    assert len({token for answer in answers for token in TOKEN.findall(answer.text)}) == 1


@pytest.mark.parametrize(
    "ended",
    [
        "update owners set suspended_at = now() where owner_id = (select owner_id from projects where project_id = $1)",
        "update projects set archived_at = now() where project_id = $1",
        "update projects set archived_at = now(), deleted_at = now() where project_id = $1",
    ],
    ids=["suspended", "archived", "deleted"],
)
async def test_an_invite_of_who_takes_nobody_in_looks_like_one_that_never_was(
    visitor: BrowserOf, database_url: str, ended: str
) -> None:
    project = await make_project(visitor.database)
    invite = await invites.create_invite(visitor.database, project.owner, InviteArgs())
    before = await visitor.get(f"/invite?code={invite.code}")
    await write(database_url, ended, project.project_id)
    after = await visitor.get(f"/invite?code={invite.code}")
    unknown = await visitor.get(f"/invite?code={'0' * 24}")

    assert (before.status_code, after.status_code) == (200, 404)
    assert after.text == unknown.text


async def test_codes_of_invites_are_tried_as_often_here_as_at_join_and_no_more(
    visiting: Visiting, owner: OwnerRow
) -> None:
    async with visiting(join_per_minute=3) as browser:
        looked = [(await browser.web.get(f"/invite?code={'0' * 24}")).status_code for _ in range(4)]
    async with visiting(join_per_minute=3) as browser:
        await browser.sign_in(owner.email)
        form = next(form for form in read(await browser.get("/admin")).forms if form.action == "/sign-out")
        form.action = "/invite/accept"
        sent = [(await browser.send(form, "/admin", code="0" * 24)).status_code for _ in range(4)]

    assert looked == [404, 404, 404, 429]
    assert sent == [404, 404, 404, 429]


async def test_choosing_a_handle_is_bounded_for_an_address(visitor: BrowserOf) -> None:
    new = Identity("google", secrets.token_hex(8), f"new-{secrets.token_hex(6)}@example.org")
    visitor.web.cookies.set("signalbox", await identities.begin_sign_up(visitor.database, new, "/admin"))
    form = next(form for form in read(await visitor.get("/sign-up")).forms if form.action == "/sign-up")
    sent = [(await visitor.send(form, "/sign-up", handle="admin")).status_code for _ in range(21)]

    assert sent == [*[400] * 20, 429]


async def test_foreign_deleted_and_unknown_are_one_answer(
    browser: BrowserOf, owner: OwnerRow, database_url: str
) -> None:
    theirs = await make_project(browser.database, f"theirs-{secrets.token_hex(4)}")
    gone = await owners.in_project(browser.database, owner, f"gone-{secrets.token_hex(4)}")
    await write(
        database_url,
        "update projects set archived_at = now(), deleted_at = now() where project_id = $1",
        gone.project_id,
    )
    names = (theirs.owner.project, gone.project, "never-was", "No Name", "x" * 300)
    ends = ("", "/settings", "/ledger", "/posts/1", "/participants/1", "/export.md", "/live")
    for end in ends:
        answers = [await browser.web.get(f"/admin/projects/{name}{end}") for name in names]

        assert [answer.status_code for answer in answers] == [404] * len(names)
        assert len({answer.text for answer in answers}) == 1, words(answers[0])
