"""Signing up: closed unless it is opened, and a handle before anything else."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from edge.admin.browsing import read, words
from edge.admin.conftest import Visiting
from edge.admin.github_like import GitHubServer
from edge.admin.providing import CLIENT_ID, CLIENT_SECRET, OpenIDServer
from signalbox.domain.owners import OwnerRow
from signalbox.edge.admin.providers import GitHub

INVITE = "/invite?code=0123456789abcdefghijABCD"


@pytest.fixture
def handle() -> str:
    return f"new-{secrets.token_hex(6)}"


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"sign_up": "closed"},
        {"sign_up": "domains", "sign_up_domains": ("example.com", "ample.org", "sub.example.org")},
    ],
)
async def test_nobody_new_gets_in_where_sign_up_does_not_let_them(
    visiting: Visiting, openid: OpenIDServer, openid_settings: dict[str, Any], rule: dict[str, Any]
) -> None:
    async with visiting(**openid_settings, **rule) as browser:
        answer = await browser.sign_in_with(openid)
        form = await browser.web.get("/sign-up")

    assert answer.status_code == 403
    assert "ask its operator" in words(answer)
    assert form.status_code == 404


@pytest.mark.parametrize(
    "rule", [{"sign_up": "open"}, {"sign_up": "domains", "sign_up_domains": "@EXAMPLE.org, x.org"}]
)
async def test_somebody_new_chooses_a_handle_and_goes_on_to_what_was_asked_for(
    visiting: Visiting, openid: OpenIDServer, openid_settings: dict[str, Any], handle: str, rule: dict[str, Any]
) -> None:
    async with visiting(**openid_settings, **rule) as browser:
        answer = await browser.sign_in_with(openid, return_to=INVITE)
        before = await browser.web.get("/admin")
        form = next(form for form in read(await browser.get("/sign-up")).forms if form.action == "/sign-up")
        suggested = form.fields["handle"]
        sent = form.fields | {"handle": handle.upper()}
        done = await browser.web.post("/sign-up", data=sent, headers={"Origin": browser.origin})
        account = await browser.get("/admin/account")
        browser.web.cookies.clear()
        again = await browser.sign_in_with(openid)

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-up")
    assert before.status_code == 303, "nothing is open before there is a handle"
    assert suggested == openid.knobs.claims["email"].partition("@")[0]
    assert (done.status_code, done.headers["location"]) == (303, INVITE)
    assert f"Handle {handle}" in words(account)
    assert (again.status_code, again.headers["location"]) == (303, "/admin")


async def test_a_handle_that_is_taken_or_cannot_be_one_shows_the_form_again(
    visiting: Visiting, openid: OpenIDServer, openid_settings: dict[str, Any], owner: OwnerRow, handle: str
) -> None:
    async with visiting(**openid_settings, sign_up="open") as browser:
        await browser.sign_in_with(openid)
        tries = {
            name: await browser.fill("/sign-up", "/sign-up", handle=name)
            for name in (owner.handle, "admin", "-x", "x" * 40, "<script>", "")
        }
        done = await browser.fill("/sign-up", "/sign-up", handle=handle)

    assert {name: page.status_code for name, page in tries.items()} == {
        owner.handle: 409, "admin": 400, "-x": 400, "x" * 40: 400, "<script>": 400, "": 400
    }  # fmt: skip
    assert "taken" in words(tries[owner.handle])
    assert "<script>" not in tries["<script>"].text
    assert done.url.path == "/admin"


async def test_a_proof_is_used_up_by_signing_up_and_is_of_one_browser(
    visiting: Visiting, openid: OpenIDServer, openid_settings: dict[str, Any], handle: str
) -> None:
    opened = openid_settings | {"sign_up": "open"}
    async with visiting(**opened) as browser, visiting(**opened) as stranger:
        await browser.go_to_provider()
        planted = browser.web.cookies["signalbox"]
        await browser.sign_in_with(openid)
        stranger.web.cookies.set("signalbox", planted)
        stolen = await stranger.web.get("/sign-up")
        form = next(form for form in read(await browser.get("/sign-up")).forms if form.action == "/sign-up")
        await browser.send(form, "/sign-up", handle=handle)
        again = await browser.web.get("/sign-up")

    assert stolen.status_code == 404
    assert again.status_code == 404


async def test_who_signs_up_never_runs_the_server(
    visiting: Visiting, openid: OpenIDServer, openid_settings: dict[str, Any], handle: str
) -> None:
    async with visiting(**openid_settings, sign_up="open") as browser:
        await browser.sign_in_with(openid)
        await browser.fill("/sign-up", "/sign-up", handle=handle)
        (row,) = await browser.database.pool.fetch("select is_operator from owners where handle = $1", handle)

    assert row["is_operator"] is False


async def test_github_signs_in_by_its_number_and_the_verified_primary_email(
    visiting: Visiting, owner: OwnerRow
) -> None:
    with GitHubServer().running() as github:
        provider = GitHub(CLIENT_ID, CLIENT_SECRET, web=github.url, api=github.url)
        github.user = {"id": secrets.randbelow(2**40), "login": "somebody"}
        emails = [
            {"email": "old@example.org", "primary": False, "verified": True},
            {"email": owner.email, "primary": True, "verified": False},
        ]
        github.emails = emails
        async with visiting({"github": provider}) as browser:
            unverified = await browser.sign_in_with(github, "github")
            github.emails = [emails[0], emails[1] | {"verified": True}]
            signed_in = await browser.sign_in_with(github, "github")
            account = await browser.get("/admin/account")
            browser.web.cookies.clear()
            mixed_up = await browser.come_back(
                await github.answer(await browser.go_to_provider("github")) + "&iss=https://evil.example"
            )
            wrong = (await github.answer(await browser.go_to_provider("github"))).replace("code=one", "code=two")
            refused = await browser.come_back(wrong)

    assert unverified.status_code == 403
    assert "verify it there" in words(unverified)
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/admin")
    assert f"Handle {owner.handle}" in words(account)
    assert "GitHub" in words(account)
    assert (mixed_up.status_code, refused.status_code) == (403, 403)
