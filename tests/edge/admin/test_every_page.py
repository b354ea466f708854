"""What holds for every page and form there is, taken from the table of routes: a new one is covered at once.

A page that needs an id in its path which `furnishing.py` does not know yet fails here, until it is furnished.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from edge.admin.browsing import BrowserOf, SeenForm, make_owner, read
from edge.admin.furnishing import Furnished, furnish
from edge.admin.looking import PAGE_BYTES_MAX, STATEMENTS_MAX
from proofs.furnished import all_rows
from signalbox.config import Settings
from signalbox.db.pool import Database
from signalbox.domain.owners import OwnerRow
from signalbox.edge.admin.contents import PAGES
from signalbox.edge.admin.page import Send, Show

CRAWLED_MAX = 400
STREAMS = ("/live",)  # never end by themselves
HOSTILE = (
    "</title><script>alert('x')</script>\"><img src=x onerror=alert(1)> ' onmouseover='alert(1) "
    "{{ 7*7 }} ${7*7} javascript:alert(1) \N{RIGHT-TO-LEFT OVERRIDE}gnp.exe\n```\n# A heading <!-- -->"
)
COUNTED_OVER_ALL = ("participation_id", "token_id", "invite_id")  # other ids begin at 1 in each project
ENDS_MUCH = re.compile("/operator|/delete|/archive|/rename|everywhere|/handle")  # of one's own: there is more to try
SHOWN = [page for page in PAGES if isinstance(page, Show) and not page.path.endswith(STREAMS)]
OF_PROJECTS = [page for page in PAGES if "{project}" in page.path]


def filled(path: str, ids: dict[str, Any]) -> str:
    """Put ids into the path of a route."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda place: str(ids[place[1]]), path)


def as_name(value: object) -> str:
    return f"{value.method} {value.path}"  # type: ignore[attr-defined]


@dataclass
class Neighbour:
    """Another owner, with a browser, and a project with something of everything in it."""

    owner: OwnerRow
    browser: BrowserOf
    project: Furnished

    async def written(self, dsn: str) -> dict[str, Any]:
        """Answer all that is written of the project and its owner, table by table."""
        return await written(dsn, self.project)


@pytest.fixture
async def neighbour(app: Starlette, database: Database, settings: Settings) -> AsyncIterator[Neighbour]:
    await make_owner(database, "first-of-all")  # somebody has come before, so that nobody here is the operator
    owner = await make_owner(database, f"bob-{secrets.token_hex(6)}")
    project = await furnish(database, owner, f"theirs-{secrets.token_hex(4)}")
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=settings.base_url) as client:
        browser = BrowserOf(client, database)
        await browser.sign_in(owner.email)
        yield Neighbour(owner, browser, project)


async def written(dsn: str, project: Furnished) -> dict[str, list[str]]:
    """Answer all that is written of a project, but for heartbeats: those of pages just seen come when it suits them."""
    rows = await all_rows(dsn, project.who.project_id)
    del rows["presence"]
    return rows


async def forms_of(browser: BrowserOf, ids: dict[str, Any]) -> list[SeenForm]:
    """Collect every form that an owner is shown, with something in each of its fields."""
    found: dict[str, SeenForm] = {}
    for page in SHOWN:
        if page.path.startswith("/admin"):
            for form in read(await browser.get(filled(page.path, ids))).forms:
                form.fields = {name: value or "x1" for name, value in form.fields.items()}
                if form.method == "post":
                    found.setdefault(form.action, form)
    return list(found.values())


async def form_token(browser: BrowserOf) -> str:
    return read(await browser.get("/admin/account")).forms[0].fields["form_token"]


async def test_who_owns_something_else_finds_nothing_and_changes_nothing(
    browser: BrowserOf, neighbour: Neighbour, database_url: str
) -> None:
    ids = neighbour.project.ids
    forms = [form for form in await forms_of(neighbour.browser, ids) if ids["project"] in form.action]
    forms += [SeenForm(filled(page.path, ids)) for page in OF_PROJECTS if isinstance(page, Send)]
    before = await neighbour.written(database_url)
    token = await form_token(browser)
    shown = [filled(page.path, ids) for page in OF_PROJECTS if isinstance(page, Show)]
    answers = {path: (await browser.get(path)).status_code for path in shown}
    for form in forms:
        sent = SeenForm(form.action, form.fields | {"form_token": token})
        answers[f"POST {form.action}"] = (await browser.send(sent, "/admin")).status_code
    after = await neighbour.written(database_url)

    assert answers == dict.fromkeys(answers, 404)
    assert after == before


async def test_the_ids_of_others_mean_nothing_in_ones_own_project(
    browser: BrowserOf, owner: OwnerRow, neighbour: Neighbour, database_url: str
) -> None:
    ids = neighbour.project.ids
    own = await furnish(browser.database, owner, f"mine-{secrets.token_hex(4)}")
    forms = [form for form in await forms_of(neighbour.browser, ids) if form.action.startswith("/admin")]
    before = await neighbour.written(database_url)
    token = await form_token(browser)
    for form in forms:
        if not ENDS_MUCH.search(form.action):
            action = form.action.replace(ids["project"], own.ids["project"])
            await browser.send(SeenForm(action, form.fields | {"form_token": token}), "/admin")
    mixed = own.ids | {name: ids[name] for name in COUNTED_OVER_ALL}
    paths = [page.path for page in SHOWN if any(f"{{{name}}}" in page.path for name in COUNTED_OVER_ALL)]
    answers = {path: (await browser.get(filled(path, mixed))).status_code for path in paths}
    after = await neighbour.written(database_url)

    assert answers == dict.fromkeys(answers, 404)
    assert after == before


@pytest.mark.parametrize("page", [page for page in PAGES if not page.is_open], ids=as_name)
async def test_pages_ask_who_is_not_signed_in_to_sign_in(page: Any, visitor: BrowserOf) -> None:
    ids = dict.fromkeys(re.findall(r"\{(\w+)", page.path), 1)
    if isinstance(page, Show):
        answer = await visitor.web.get(filled(page.path, ids))
    else:
        token = read(await visitor.get("/sign-in")).forms
        form_token = token[0].fields["form_token"] if token else ""
        headers = {"Origin": visitor.origin}
        answer = await visitor.web.post(filled(page.path, ids), data={"form_token": form_token}, headers=headers)

    assert answer.status_code in ({303} if isinstance(page, Show) else {303, 403})
    assert answer.status_code == 403 or answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("page", [page for page in PAGES if getattr(page, "operator", False)], ids=as_name)
async def test_operators_pages_are_not_there_for_others(page: Any, browser: BrowserOf, neighbour: Neighbour) -> None:
    ids = dict.fromkeys(re.findall(r"\{(\w+)", page.path), neighbour.owner.owner_id)
    form = SeenForm(filled(page.path, ids), {"form_token": await form_token(browser)})
    answer = await (browser.get(form.action) if isinstance(page, Show) else browser.send(form, "/admin"))

    assert answer.status_code == 404


class Found(HTMLParser):
    """Finds what could run, and what the policy would not allow."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and not re.fullmatch(r"/\w+\.js\?v=\w+", given.get("src") or ""):
            self.found.append(f"<{tag} {given}>")
        if tag in {"img", "iframe", "object", "embed", "base", "style", "foreignobject"}:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            local = not value or re.match(r"(/|#|\?)", value)
            if name.startswith("on") or name == "style" or (name in {"href", "src", "action"} and not local):
                self.found.append(f"<{tag} {name}={value!r}>")

    @classmethod
    def of(cls, page: httpx2.Response) -> list[str]:
        """Answer what is found on a page."""
        parser = cls()
        parser.feed(page.text)
        return parser.found


async def test_hostile_words_are_inert_on_every_page_that_links_lead_to(
    browser: BrowserOf, owner: OwnerRow, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    furnished = await furnish(database, owner, f"hostile-{secrets.token_hex(4)}", HOSTILE)
    to_see = ["/admin", *(filled(page.path, furnished.ids) for page in SHOWN if "sign-" not in page.path)]
    seen: dict[str, httpx2.Response] = {}
    with caplog.at_level(logging.INFO, logger="signalbox.requests"):
        while to_see and len(seen) < CRAWLED_MAX:
            path = to_see.pop(0).partition("#")[0]
            if path in seen or not path.startswith(("/admin", "/invite")) or path.endswith(STREAMS):
                continue
            seen[path] = page = await browser.web.get(path)
            if page.headers.get("content-type", "").startswith("text/html"):
                to_see += read(page).links
    pages = {path: page for path, page in seen.items() if "text/html" in page.headers.get("content-type", "")}
    suspicious = {path: Found.of(page) for path, page in pages.items()}
    facts = [record.facts for record in caplog.records if hasattr(record, "facts")]

    assert len(pages) > 20
    assert {path: page.status_code for path, page in seen.items() if page.status_code >= 500} == {}
    assert {path: found for path, found in suspicious.items() if found} == {}
    assert any("&lt;script&gt;" in page.text for page in pages.values())
    assert {path: len(page.content) for path, page in pages.items() if len(page.content) > PAGE_BYTES_MAX} == {}
    assert {line["path"]: line["statements"] for line in facts if line.get("statements", 0) > STATEMENTS_MAX} == {}
    assert [path for path, page in pages.items() if not _has_its_headers(page)] == []


def _has_its_headers(page: httpx2.Response) -> bool:
    policy = page.headers["content-security-policy"]
    return (
        "unsafe" not in policy
        and "default-src 'none'" in policy
        and page.headers["x-frame-options"] == "DENY"
        and page.headers["x-content-type-options"] == "nosniff"
        and page.headers["referrer-policy"] == "same-origin"
        and page.headers["cache-control"] == "no-store"
    )
