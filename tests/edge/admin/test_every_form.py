"""What holds for every form there is, taken from the table of routes: who may send it, from where, and how lately."""

from __future__ import annotations

import re
import secrets
from typing import Any, Final

import asyncpg
import httpx2
import pytest

from edge.admin.browsing import BrowserOf, SeenForm, read
from edge.admin.furnishing import Furnished, furnish
from edge.admin.test_every_page import ENDS_MUCH, as_name, filled, form_token, forms_of, written
from signalbox.domain import memberships
from signalbox.domain.memberships import ParticipantArgs
from signalbox.domain.owners import OwnerRow
from signalbox.edge.admin.contents import PAGES
from signalbox.edge.admin.page import Send, Show

CHOICES: Final = {"expires_in_seconds": "3600", "tool_groups": "core"}
"""What is chosen where the first choice says nothing."""

SENT: Final = [page for page in PAGES if isinstance(page, Send)]
SECRET: Final = re.compile(r"sbx_\w{20,}|/invite\?code=\w{20,}")


@pytest.fixture
async def furnished(browser: BrowserOf, owner: OwnerRow) -> Furnished:
    """A project of the owner's, and a participant that can be brought into it."""
    await memberships.create_participant(browser.database, owner.owner_id, ParticipantArgs(label="spare"))
    return await furnish(browser.database, owner, f"mine-{secrets.token_hex(4)}")


async def execute(dsn: str, statement: str, *arguments: Any) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement, *arguments)
    finally:
        await connection.close()


@pytest.mark.parametrize("page", SENT, ids=as_name)
async def test_no_form_is_taken_that_is_not_our_own(
    page: Send, browser: BrowserOf, furnished: Furnished, database_url: str
) -> None:
    token = await form_token(browser)
    own = {"Origin": browser.origin}
    fields = {"name": furnished.ids["project"], "handle": "another", "sure": "true", "code": furnished.ids["code"]}
    sends: dict[str, tuple[dict[str, str], dict[str, str]]] = {
        "no token": ({}, own),
        "an empty token": ({"form_token": ""}, own),
        "a made-up token": ({"form_token": secrets.token_hex(32)}, own),
        "a token that is no text": ({"form_token": "\N{SNOWMAN}" * 64}, own),
        "another site": ({"form_token": token}, {"Origin": "https://evil.example"}),
        "another port": ({"form_token": token}, {"Origin": "http://127.0.0.1:1"}),
        "another scheme": ({"form_token": token}, {"Origin": browser.origin.replace("http:", "https:")}),
        "nowhere": ({"form_token": token}, {"Origin": "null"}),
        "who knows": ({"form_token": token}, {}),
        "the same site": ({"form_token": token}, {"Sec-Fetch-Site": "same-site"}),
        "the token in the address": ({}, own),
    }
    before = await written(database_url, furnished)
    answers = {}
    for name, (sent, headers) in sends.items():
        query = {"form_token": token} if name == "the token in the address" else {}
        path = filled(page.path, furnished.ids)
        answers[name] = await browser.web.post(path, params=query, data=fields | sent, headers=headers)
    after = await written(database_url, furnished)

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(sends, 403)
    assert after == before


@pytest.mark.parametrize("path", sorted({page.path for page in PAGES}))
async def test_no_other_method_does_anything(path: str, browser: BrowserOf, furnished: Furnished) -> None:
    methods = {page.method for page in PAGES if page.path == path}
    allowed = methods | ({"HEAD"} if "GET" in methods else set())
    others = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"} - allowed
    answers = {
        method: await browser.web.request(method, filled(path, furnished.ids), headers={"Origin": browser.origin})
        for method in others
    }

    assert {method for method, answer in answers.items() if answer.status_code not in {404, 405}} == set()


async def all_forms(browser: BrowserOf, ids: dict[str, Any]) -> dict[str, SeenForm]:
    """Answer the forms of every page by the paths of their routes."""
    forms = [*await forms_of(browser, ids), *read(await browser.get(f"/invite?code={ids['code']}")).forms]
    routes = {page.path: re.compile(re.sub(r"\{\w+\}", "[^/]+", page.path)) for page in SENT}
    return {path: form for path, route in routes.items() for form in forms if route.fullmatch(form.action)}


def secrets_in(answer: httpx2.Response) -> list[str]:
    return SECRET.findall(answer.text)


async def test_forms_that_hand_a_secret_out_are_those_that_ask_for_a_recent_sign_in(
    browser: BrowserOf, furnished: Furnished, database_url: str
) -> None:
    recent = {page.path for page in SENT if page.recent}
    forms = await all_forms(browser, furnished.ids)
    kept = {path: form for path, form in forms.items() if not ENDS_MUCH.search(path) and "sign-out" not in path}
    for form in kept.values():
        form.fields |= {name: text for name, text in CHOICES.items() if name in form.fields}
    order = sorted(kept, key=lambda path: "revoke" in path or "remove" in path)
    age = "update admin_sessions set signed_in_at = signed_in_at - $1 * interval '1 hour'"
    await execute(database_url, age, 2)
    old = {path: await browser.send(kept[path], "/admin") for path in order if path in recent}
    await execute(database_url, age, -2)
    fresh = {path: await browser.send(kept[path], "/admin") for path in order}

    assert recent <= forms.keys()
    assert {path: answer.url.path for path, answer in old.items()} == dict.fromkeys(recent, "/sign-in")
    assert {path for path, answer in fresh.items() if secrets_in(answer)} == recent


async def test_an_owner_who_is_suspended_meanwhile_sees_and_does_nothing(
    browser: BrowserOf, owner: OwnerRow, furnished: Furnished, database_url: str
) -> None:
    forms = await all_forms(browser, furnished.ids)
    await execute(database_url, "update owners set suspended_at = now() where owner_id = $1", owner.owner_id)
    before = await written(database_url, furnished)
    closed = [page.path for page in PAGES if isinstance(page, Show) and not page.is_open]
    shown = {path: await browser.web.get(filled(path, furnished.ids)) for path in closed}
    sent = {path: await browser.send(form, "/admin") for path, form in forms.items() if not path.startswith("/sign-")}
    after = await written(database_url, furnished)

    assert {path: page.status_code for path, page in (shown | sent).items() if page.status_code != 403} == {}
    assert {path for path, page in shown.items() if furnished.ids["project"] in page.text} == set()
    assert after == before
