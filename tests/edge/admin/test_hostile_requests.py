"""Requests that no browser of ours sends: nothing breaks, nothing runs, and nothing leads elsewhere."""

from __future__ import annotations

import re
import secrets
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from edge.admin.browsing import BrowserOf, make_owner, read
from edge.admin.furnishing import furnish
from edge.admin.test_every_page import HOSTILE, SHOWN, Found, as_name, filled
from signalbox.domain import sign_in
from signalbox.domain.owners import OwnerRow
from signalbox.edge.admin.contents import PAGES
from signalbox.edge.admin.page import Send

ASKED: Final = ("after", "before", "code", "error", "iss", "limit", "notice", "return_to", "state", "why", "form_token")
STRANGE: Final = (HOSTILE, "nul\0nul", "-1", "0", "9007199254740991", "9223372036854775808", "١٢٣", "1e3", "x" * 2000)
NUMBERS: Final = (
    "0",
    "-1",
    "+1",
    "1.0",
    "007",
    "999999999999999",
    "9223372036854775808",
    "1" * 400,
    "١٢",
    "²",
    "%00",
    "1%0d%0a",
)
NAMES: Final = (*NUMBERS, "..", "a%00b", "%F0%9F%92%A9", "%ff", "x" * 5000, "%0d%0aSet-Cookie:%20a=b")


def names_asked(page: httpx2.Response) -> set[str]:
    """Answer what a page may be asked for: the fields of its filters, and what its links ask."""
    found = {name for form in read(page).forms if form.method == "get" for name in form.fields}
    return found | {name for link in read(page).links for name, _ in parse_qsl(urlsplit(link).query)}


async def test_no_parameter_of_any_page_breaks_it_or_runs(browser: BrowserOf, owner: OwnerRow) -> None:
    ids = (await furnish(browser.database, owner, f"asked-{secrets.token_hex(4)}")).ids
    wrong: list[str] = []
    for page in SHOWN:
        path = filled(page.path, ids)
        names = sorted({*ASKED, *names_asked(await browser.web.get(path))})
        asked = [dict.fromkeys(names, value) for value in STRANGE]
        asked += [{name: value} for name in names for value in ("nul\0nul", "9007199254740991", HOSTILE[:100])]
        for query in asked:
            answer = await browser.web.get(path, params=query)
            found = Found.of(answer) if "html" in answer.headers.get("content-type", "") else []
            if answer.status_code >= 500 or found:
                wrong.append(f"{path} {str(query)[:80]}: {answer.status_code} {found}")

    assert wrong == []


@pytest.mark.parametrize("page", [page for page in PAGES if "{" in page.path], ids=as_name)
async def test_no_path_breaks_a_page(page: Any, browser: BrowserOf, owner: OwnerRow) -> None:
    ids = (await furnish(browser.database, owner, f"paths-{secrets.token_hex(4)}")).ids
    token = read(await browser.get("/admin")).forms[0].fields["form_token"]
    answers = {}
    for name in re.findall(r"\{(\w+)", page.path):
        for value in NAMES:
            path = filled(page.path, ids | {name: value})
            if isinstance(page, Send):
                headers = {"Origin": browser.origin}
                sent = {"form_token": token, "sure": "true", "name": "x"}
                answer = await browser.web.post(path, data=sent, headers=headers)
            elif page.path.endswith("/live") and name != "project":
                continue
            else:
                answer = await browser.web.get(path)
            answers[path] = answer

    assert {path[:120]: answer.status_code for path, answer in answers.items() if answer.status_code >= 500} == {}
    assert [path for path, answer in answers.items() if "a=b" in str(answer.headers.get("set-cookie"))] == []


TOKEN_MARK: Final = b"TOKEN"
BODIES: Final = {
    "nothing": b"",
    "half an escape": b"form_token=TOKEN&name=%",
    "no hexadecimal": b"form_token=TOKEN&name=%zz&handle=%zz&email=%zz&code=%zz",
    "no text": b"form_token=TOKEN&name=%ff%fe&handle=%ff&email=%ff&code=%ff",
    "half a character": b"form_token=TOKEN&name=%ed%a0%80&code=%ed%a0%80",
    "a NUL": b"form_token=TOKEN&sure=true&scopes=%00&"
    + b"&".join(
        b"%s=a%%00b" % name
        for name in (
            b"name",
            b"handle",
            b"email",
            b"code",
            b"provider",
            b"subject",
            b"label",
            b"lane",
            b"owner",
            b"body",
            b"title",
            b"subject",
            b"ref",
            b"tag",
            b"to_actor",
            b"to_lane",
            b"reason",
            b"note",
            b"surface",
            b"sequence",
            b"prefix",
            b"participant_name",
            b"return_to",
            b"idempotency_key",
            b"on",
            b"blocker",
            b"role",
            b"kind",
        )
    ),
    "numbers": b"form_token=TOKEN&sure=true&"
    + b"&".join(
        b"%s=9007199254740991" % name
        for name in (
            b"liveness_seconds",
            b"uses",
            b"ttl_hours",
            b"current",
            b"pad",
            b"overlap_seconds",
            b"expires_in_seconds",
            b"valid_seconds",
            b"on",
            b"blocker",
            b"reply_to",
            b"ttl_seconds",
        )
    )
    + b"&sequence=adr&prefix=x",
    "many fields": b"form_token=TOKEN" + b"&a=1" * 10_000,
    "many tokens": b"form_token=x&form_token=TOKEN",
    "not ascii": "form_token=TOKEN&name=ü".encode(),
    "json": b'{"form_token": "TOKEN"}',
    "binary": bytes(range(256)),
    "10 MB": b"form_token=TOKEN&name=" + b"x" * 10_000_000,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_no_form_breaks_us(browser: BrowserOf, owner: OwnerRow, body: bytes) -> None:
    ids = (await furnish(browser.database, owner, f"forms-{secrets.token_hex(4)}")).ids
    token = read(await browser.get("/admin")).forms[0].fields["form_token"]
    headers = {"Origin": browser.origin, "Content-Type": "application/x-www-form-urlencoded"}
    answers = {}
    for page in PAGES:
        if isinstance(page, Send) and not re.search("everywhere|/sign-out|/sessions/|/handle", page.path):
            content = body.replace(TOKEN_MARK, token.encode())
            answers[page.path] = await browser.web.post(filled(page.path, ids), content=content, headers=headers)

    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code >= 500} == {}


@pytest.mark.parametrize(
    "referer", ["http://[", "//[", "\\", "javascript:alert(1)", "https://evil.example/admin/x", "\xff"]
)
async def test_a_form_of_nobody_leads_to_signing_in_whatever_the_browser_says_it_came_from(
    visitor: BrowserOf, referer: str
) -> None:
    await visitor.get("/sign-in")
    form = read(await visitor.get(f"/sign-in/link?code={await _link_code(visitor)}")).forms[0]
    headers = {b"Origin": visitor.origin.encode(), b"Referer": referer.encode("latin-1")}
    answer = await visitor.web.post("/admin/projects", data={"form_token": form.fields["form_token"]}, headers=headers)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?return_to=%2Fadmin")
    assert "evil" not in answer.headers["location"]


async def _link_code(visitor: BrowserOf) -> str:
    owner = await make_owner(visitor.database, f"owner-{secrets.token_hex(6)}")
    return (await sign_in.make_link(visitor.database, owner.email)).url.partition("code=")[2]


HOSTS: Final = (
    "evil.example",
    "evil.example\\@127.0.0.1",
    "evil.example#@127.0.0.1",
    "127.0.0.1\\@evil.example",
    "evil.example@127.0.0.1",
    "127.0.0.1/..",
    "127.0.0.1?x",
    "127.0.0.1#x",
    "127.0.0.1:80:80",
    "127.0.0.1:x",
    "127.0.0.1 evil.example",
    "[127.0.0.1",
    "",
)


@pytest.mark.parametrize("host", HOSTS)
async def test_a_host_that_is_no_plain_name_of_ours_is_misdirected(browser: BrowserOf, host: str) -> None:
    answers = [await browser.web.get(path, headers={"Host": host}) for path in ("/admin", "/admin/", "/sign-in/", "/")]

    assert [answer.status_code for answer in answers] == [421] * 4


async def test_nothing_that_a_request_says_of_its_host_comes_back(browser: BrowserOf, owner: OwnerRow) -> None:
    ids = (await furnish(browser.database, owner, f"hosts-{secrets.token_hex(4)}")).ids
    said = {
        "Host": "localhost:6666",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Prefix": "/evil",
        "Forwarded": "host=evil.example;proto=https",
        "X-Original-URL": "/evil",
    }
    paths = ["/", "/admin/", "/sign-in/", *(filled(page.path, ids) for page in SHOWN)]
    wrong = {}
    for path in paths:
        answer = await browser.web.get(path, headers=said)
        assert "location" not in answer.headers or answer.headers["location"].startswith("/"), answer.headers
        head = str(answer.headers.multi_items())
        if (
            re.search("evil|6666|203.0.113", answer.text + head)
            or "Secure" in head
            or "strict-transport" in head.lower()
        ):
            wrong[path] = answer.status_code

    assert wrong == {}


async def test_a_slash_too_many_leads_to_the_page_and_nowhere_else(browser: BrowserOf) -> None:
    paths = ("/admin/", "/admin//", "/sign-in/", "/admin//evil.example/", "//evil.example/", "/\\evil.example/")
    answers = [await browser.web.get(f"{browser.origin}{path}") for path in paths]

    assert [answer.headers.get("location") for answer in answers] == [
        *("/admin", "/admin", "/sign-in", "/admin//evil.example"),
        None,
        None,
    ]
