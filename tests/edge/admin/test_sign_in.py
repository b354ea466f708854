"""Signing in and out: links work once, sessions end, and nobody gets in by another's cookie or form."""

from __future__ import annotations

import anyio

from edge.admin.browsing import BrowserOf, read, words
from signalbox.domain import sign_in
from signalbox.domain.owners import OwnerRow


async def test_a_link_signs_in_once_and_only_when_it_is_confirmed(visitor: BrowserOf, owner: OwnerRow) -> None:
    link = await sign_in.make_link(visitor.database, owner.email)
    path = link.url.removeprefix(visitor.database.base_url)
    looked = [await visitor.get(path) for _ in range(3)]
    used = await visitor.fill(path, "/sign-in/link")
    again = await visitor.get(path)

    assert [page.status_code for page in looked] == [200, 200, 200]
    assert used.url.path == "/admin"
    assert again.status_code == 404
    assert "used" in words(again)


async def test_of_many_who_use_a_link_at_once_one_is_signed_in(visitor: BrowserOf, owner: OwnerRow) -> None:
    link = await sign_in.make_link(visitor.database, owner.email)
    code = link.url.partition("code=")[2]
    secrets: list[str | None] = []

    async def use() -> None:
        secrets.append(await sign_in.use_link(visitor.database, code, "a browser", 3600))

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(use)

    assert len([secret for secret in secrets if secret]) == 1


async def test_pages_send_who_is_not_signed_in_to_sign_in_and_back(visitor: BrowserOf) -> None:
    sent = await visitor.web.get("/admin/account?x=1")
    elsewhere = await visitor.web.get("/sign-in?return_to=https://evil.example/admin")

    assert sent.status_code == 303
    assert sent.headers["location"] == "/sign-in?return_to=%2Fadmin%2Faccount%3Fx%3D1"
    assert "evil" not in elsewhere.text


async def test_signing_in_gives_the_browser_a_secret_that_nobody_planted(visitor: BrowserOf, owner: OwnerRow) -> None:
    planted = "p" * 43
    visitor.web.cookies.set("signalbox", planted, domain="127.0.0.1")
    await visitor.sign_in(owner.email)
    given = {cookie.value for cookie in visitor.web.cookies.jar}
    visitor.web.cookies.clear()
    visitor.web.cookies.set("signalbox", planted, domain="127.0.0.1")
    stranger = await visitor.web.get("/admin")

    assert planted not in given
    assert stranger.status_code == 303


async def test_signing_out_ends_the_session_itself(browser: BrowserOf) -> None:
    secret = browser.web.cookies["signalbox"]
    out = await browser.fill("/admin", "/sign-out")
    browser.web.cookies.clear()
    browser.web.cookies.set("signalbox", secret)
    again = await browser.web.get("/admin")

    assert "signed out" in words(out)
    assert again.status_code == 303


async def test_a_form_without_its_token_or_from_elsewhere_is_refused(browser: BrowserOf, owner: OwnerRow) -> None:
    form = next(form for form in read(await browser.get("/admin")).forms if form.action == "/admin/projects")
    token = form.fields["form_token"]
    own = {"Origin": browser.origin}
    tries = {
        "missing": ({"name": "x"}, own),
        "forged": ({"name": "x", "form_token": "0" * 64}, own),
        "foreign": ({"name": "x", "form_token": token}, {"Origin": "https://evil.example"}),
        "other port": ({"name": "x", "form_token": token}, {"Origin": "http://127.0.0.1:1"}),
        "null": ({"name": "x", "form_token": token}, {"Origin": "null"}),
        "no origin": ({"name": "x", "form_token": token}, {}),
    }
    answers = {
        name: await browser.web.post("/admin/projects", data=sent, headers=headers)
        for name, (sent, headers) in tries.items()
    }
    await browser.sign_in(owner.email)
    replayed = await browser.web.post("/admin/projects", data=form.fields | {"name": "x"}, headers=own)

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(tries, 403)
    assert replayed.status_code == 403


async def test_signing_out_everywhere_ends_other_browsers_too(browser: BrowserOf, owner: OwnerRow) -> None:
    other = await sign_in.open_session(browser.database, owner.owner_id, "link", "another browser", 3600)
    await browser.fill("/admin/account", "/admin/account/sign-out-everywhere")
    browser.web.cookies.clear()
    browser.web.cookies.set("signalbox", str(other))

    assert (await browser.web.get("/admin")).status_code == 303
