"""A browser for tests: it keeps cookies, follows forms as a page has them, and signs in by a link."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any

import httpx2

from signalbox.db.pool import Database
from signalbox.domain import sign_in
from signalbox.domain.owners import OwnerRow, bootstrap_owner

CODE = re.compile(r"code=([\w-]+)")


@dataclass
class SeenForm:
    """A form as a page has it."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    method: str = "post"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[SeenForm] = []
        self.links: list[str] = []
        self._area: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "form":
            self.forms.append(SeenForm(given.get("action", ""), method=given.get("method", "get")))
        if not self.forms:
            return
        fields = self.forms[-1].fields
        if tag == "input" and "name" in given and (given.get("type") != "checkbox" or "checked" in dict(attrs)):
            fields[given["name"]] = given.get("value", "")
        if tag == "textarea":
            self._area = given["name"]
            fields[self._area] = ""
        if tag == "select":
            self._select = given["name"]
        if tag == "option" and self._select and ("selected" in dict(attrs) or self._select not in fields):
            fields[self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None
        if tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area and self.forms:
            self.forms[-1].fields[self._area] += data.removeprefix("\n")


def read(page: httpx2.Response) -> _Reader:
    """Find the forms and links of a page."""
    reader = _Reader()
    reader.feed(page.text)
    return reader


class BrowserOf:
    """One owner's browser."""

    def __init__(self, web: httpx2.AsyncClient, database: Database) -> None:
        self.web = web
        self.database = database
        self.origin = str(web.base_url).rstrip("/")

    async def get(self, path: str) -> httpx2.Response:
        """Look at a page, going on where it sends to."""
        return await self.web.get(path, follow_redirects=True)

    async def fill(self, page_path: str, action: str, **fields: Any) -> httpx2.Response:
        """Fill in the form of a page that goes to `action`, and send it; answers where that leads."""
        page = await self.get(page_path)
        forms = [form for form in read(page).forms if form.action == action]
        assert forms, f"{page_path} ({page.status_code}) has no form to {action}: {page.text[:400]}"
        return await self.send(forms[0], page_path, **fields)

    async def send(self, form: SeenForm, page_path: str, **fields: Any) -> httpx2.Response:
        """Send a form as a browser does."""
        headers = {"Origin": self.origin, "Referer": f"{self.origin}{page_path}"}
        sent = form.fields | {name: str(value) for name, value in fields.items()}
        return await self.web.post(form.action, data=sent, headers=headers, follow_redirects=True)

    async def sign_in_with(self, provider: Any, key: str = "oidc", return_to: str = "/admin") -> httpx2.Response:
        """Go to a provider and come back; answers what the way back answers itself."""
        return await self.come_back(await provider.answer(await self.go_to_provider(key, return_to)))

    async def go_to_provider(self, key: str = "oidc", return_to: str = "/admin") -> str:
        """Answer where the browser is sent to."""
        begun = await self.web.get(f"/sign-in/with/{key}", params={"return_to": return_to})
        assert begun.status_code == 303, begun.text
        return begun.headers["location"]

    async def come_back(self, address: str) -> httpx2.Response:
        """Follow a provider's answer."""
        assert address.startswith(self.origin), address
        return await self.web.get(address)

    async def sign_in(self, email: str) -> httpx2.Response:
        """Sign in by a link."""
        link = await sign_in.make_link(self.database, email)
        path = link.url.removeprefix(self.database.base_url)
        return await self.fill(path, "/sign-in/link")


async def make_owner(database: Database, handle: str) -> OwnerRow:
    """Make an owner who can sign in."""
    return await bootstrap_owner(database, f"{handle}@example.org", handle)


def words(page: httpx2.Response) -> str:
    """Answer what a page says, without its marks."""
    text = re.sub(r"(?s)<(script|style).*?</\1>|<[^>]+>", " ", page.text)
    return " ".join(unescape(text).split())
