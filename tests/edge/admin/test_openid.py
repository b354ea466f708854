"""Signing in with an OpenID provider: only what it has proved, to the browser that asked, once."""

from __future__ import annotations

import logging
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx2
import pytest
from joserfc.jwk import RSAKey
from starlette.responses import PlainTextResponse

from edge.admin.browsing import BrowserOf, make_owner, read, words
from edge.admin.conftest import Visiting
from edge.admin.providing import OpenIDServer
from signalbox.db.pool import Database
from signalbox.domain.owners import OwnerRow
from support import free_port

HOSTILE = (
    "https://evil.example/admin",
    "//evil.example",
    "/\\evil.example",
    "/admin@evil.example/\\evil",
    "javascript:alert(1)",
    "/sign-out",
    "/admin\r\nLocation: https://evil.example",
)


@pytest.fixture
async def known(database: Database, openid: OpenIDServer) -> OwnerRow:
    """The owner whom the provider's user is."""
    owner = await make_owner(database, f"known-{secrets.token_hex(6)}")
    openid.knobs.claims["email"] = owner.email.upper()
    return owner


async def test_an_owner_with_the_verified_email_is_signed_in_and_linked(
    visiting: Visiting, openid: OpenIDServer, openid_settings: dict[str, Any], known: OwnerRow
) -> None:
    async with visiting(**openid_settings, oidc_name="Our house") as browser:
        front = await browser.get("/sign-in")
        first = await browser.sign_in_with(openid, return_to="/admin/account?x=1")
        account = await browser.get("/admin/account")
        openid.knobs.claims["email"] = "another@example.org"
        again = await browser.sign_in_with(openid)
        later = await browser.get("/admin/account")

    assert "Sign in with Our house" in words(front)
    assert (first.status_code, first.headers["location"]) == (303, "/admin/account?x=1")
    assert f"Handle {known.handle}" in words(account)
    assert "Our house" in words(account)
    assert (again.status_code, again.headers["location"]) == (303, "/admin")
    assert f"Handle {known.handle}" in words(later), "it is the account that is known, not its email"
    assert "another@example.org" in words(later)


async def test_what_goes_to_the_provider_has_state_nonce_and_a_hashed_verifier(
    visiting: Visiting, openid_settings: dict[str, Any]
) -> None:
    async with visiting(**openid_settings) as browser:
        address = await browser.go_to_provider()
        other = await browser.go_to_provider()
    sent, others = ({key: value[0] for key, value in parse_qs(urlsplit(one).query).items()} for one in (address, other))

    assert sent["code_challenge_method"] == "S256"
    assert sent["redirect_uri"] == f"{browser.origin}/sign-in/with/oidc/callback"
    assert not {sent[name] for name in ("state", "nonce", "code_challenge")} & set(others.values())
    assert len(sent["state"]) == len(sent["nonce"]) == 43


def in_an_hour(seconds: int) -> int:
    return int(time.time()) + seconds


@pytest.mark.parametrize(
    "knobs",
    [
        pytest.param({"claims": {"nonce": "another"}}, id="another nonce"),
        pytest.param({"claims": {"aud": ["somebody-else"]}}, id="for somebody else"),
        pytest.param({"claims": {"aud": ["somebody-else"], "azp": "signalbox-here"}}, id="for somebody else by us"),
        pytest.param({"claims": {"aud": ["signalbox-here", "other"], "azp": "other"}}, id="for another party"),
        pytest.param({"claims": {"iss": "https://evil.example"}}, id="another issuer"),
        pytest.param({"claims": {"exp": in_an_hour(-3600)}}, id="expired"),
        pytest.param({"claims": {"iat": in_an_hour(3600)}}, id="not yet"),
        pytest.param({"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}}, id="of another access token"),
        pytest.param({"claims": {"sub": ""}}, id="about nobody"),
        pytest.param({"claims": {"sub": 7}}, id="about a number"),
        pytest.param({"claims": {"sub": "x" * 256}}, id="about too much"),
        pytest.param({"claims": {"email_verified": False}}, id="email not verified"),
        pytest.param({"claims": {"email_verified": None}}, id="email neither nor"),
        pytest.param({"claims": {"email_verified": 1}}, id="email verified as a number"),
        pytest.param({"claims": {"email": "no address"}}, id="no email"),
        pytest.param({"signs_with_another_key": True}, id="another key"),
        pytest.param({"callback": {"iss": "https://evil.example"}}, id="mixed up"),
        pytest.param({"callback": {"iss": ""}}, id="from nobody"),
        pytest.param({"callback": {"code": "made-up"}}, id="another code"),
        pytest.param({"callback": {"code": ""}}, id="no code"),
        pytest.param({"callback": {"state": "made-up"}}, id="another state"),
        pytest.param({"denies": True}, id="denied"),
    ],
)
async def test_what_does_not_hold_signs_nobody_in(
    visiting: Visiting, openid: OpenIDServer, openid_settings: dict[str, Any], known: OwnerRow, knobs: dict[str, Any]
) -> None:
    openid.knobs.claims |= knobs.get("claims", {})
    for name in knobs.keys() - {"claims"}:
        setattr(openid.knobs, name, knobs[name])
    async with visiting(**openid_settings) as browser:
        answer = await browser.sign_in_with(openid)
        after = await browser.web.get("/admin")

    assert answer.status_code == 403
    assert "nce more" in words(answer), "it says what to do"
    assert after.status_code == 303, known.handle


async def test_an_answer_holds_once_and_in_the_browser_that_asked(
    visiting: Visiting, openid: OpenIDServer, openid_settings: dict[str, Any], known: OwnerRow
) -> None:
    async with visiting(**openid_settings) as browser, visiting(**openid_settings) as stranger:
        answer = await openid.answer(await browser.go_to_provider())
        await stranger.get("/sign-in/with/oidc")
        stolen = await stranger.come_back(answer)
        other_provider = await browser.come_back(answer.replace("/with/oidc/", "/with/google/"))
        mine = await browser.come_back(answer)
        browser.web.cookies.clear()
        replayed = await browser.come_back(answer)

    assert stolen.status_code == 403
    assert other_provider.status_code == 404
    assert mine.status_code == 303, known.handle
    assert replayed.status_code == 403


async def test_of_two_answers_at_once_one_counts(
    visiting: Visiting, openid: OpenIDServer, openid_settings: dict[str, Any], known: OwnerRow
) -> None:
    statuses: list[int] = []
    async with visiting(**openid_settings) as browser:
        answer = await openid.answer(await browser.go_to_provider())
        cookies = dict(browser.web.cookies)

        async def come_back() -> None:
            response = await browser.web.get(answer, headers={"Cookie": f"signalbox={cookies['signalbox']}"})
            statuses.append(response.status_code)

        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(come_back)

    assert sorted(statuses) == [303, *[403] * 7], known.handle


@pytest.mark.parametrize("wanted", HOSTILE)
async def test_nobody_is_sent_elsewhere_after_signing_in(
    visiting: Visiting, openid: OpenIDServer, openid_settings: dict[str, Any], known: OwnerRow, wanted: str
) -> None:
    async with visiting(**openid_settings) as browser:
        answer = await browser.sign_in_with(openid, return_to=wanted)

    assert (answer.status_code, answer.headers["location"]) == (303, "/admin"), known.handle


async def test_an_email_that_was_given_to_another_account_does_not_take_the_owners_place(
    visiting: Visiting, openid: OpenIDServer, openid_settings: dict[str, Any], known: OwnerRow
) -> None:
    async with visiting(**openid_settings) as browser, visiting(**openid_settings) as successor:
        await browser.sign_in_with(openid)
        openid.knobs.claims["sub"] = "who got the address next"
        answer = await successor.sign_in_with(openid)
        await browser.fill("/admin/account", "/admin/account/identities/unlink")
        unlinked = await successor.sign_in_with(openid)

    assert answer.status_code == 409, known.handle
    assert "unlink" in words(answer)
    assert unlinked.status_code == 303


async def test_the_email_may_stand_in_the_user_info_which_must_be_the_same_users(
    visiting: Visiting, openid: OpenIDServer, openid_settings: dict[str, Any], known: OwnerRow
) -> None:
    openid.knobs.claims = {"sub": openid.knobs.claims["sub"]}
    openid.knobs.userinfo = {"sub": "another", "email": known.email, "email_verified": True}
    async with visiting(**openid_settings) as browser:
        another = await browser.sign_in_with(openid)
        openid.knobs.userinfo["sub"] = openid.knobs.claims["sub"]
        same = await browser.sign_in_with(openid)

    assert (another.status_code, same.status_code) == (403, 303)


async def test_keys_are_kept_and_fetched_again_when_the_provider_changes_them(
    visiting: Visiting, openid: OpenIDServer, openid_settings: dict[str, Any], known: OwnerRow
) -> None:
    first = openid.key
    async with visiting(**openid_settings) as browser:
        statuses = [(await browser.sign_in_with(openid)).status_code for _ in range(2)]
        fetched = [openid.asked.count(path) for path in ("/keys", "/.well-known/openid-configuration")]
        openid.key = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"}, private=True)
        statuses.append((await browser.sign_in_with(openid)).status_code)
    openid.key = first

    assert statuses == [303, 303, 303], known.handle
    assert fetched == [1, 1]
    assert openid.asked.count("/keys") == 2


@pytest.mark.parametrize(
    "nonsense",
    [
        (path, body)
        for path in ("/.well-known/openid-configuration", "/keys", "/token")
        for body in ("<html>busy</html>", "[]", "{}", "{" + " " * 300_000 + "}")
    ],
    ids=lambda nonsense: f"{nonsense[0]} {len(nonsense[1])}",
)
async def test_nonsense_of_a_provider_is_a_page_and_one_line_in_the_log(
    visiting: Visiting,
    openid: OpenIDServer,
    openid_settings: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    nonsense: tuple[str, str],
) -> None:
    openid.knobs.answers[nonsense[0]] = PlainTextResponse(nonsense[1])
    async with visiting(**openid_settings) as browser:
        answer = await browser.web.get("/sign-in/with/oidc")
        if answer.status_code == 303:
            answer = await browser.come_back(await openid.answer(answer.headers["location"]))

    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert answer.status_code == 403
    assert "OpenID" in words(answer)
    assert len(warnings) == 1


async def test_a_provider_that_does_not_answer_is_a_page_that_says_when_to_try_again(
    visiting: Visiting, openid_settings: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    gone = openid_settings | {"oidc_issuer": f"http://127.0.0.1:{free_port()}"}
    async with visiting(**gone) as browser:
        answer = await browser.web.get("/sign-in/with/oidc")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"
    assert "try again in a minute" in words(answer)
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


async def test_a_provider_that_calls_itself_by_another_name_is_not_believed(
    visiting: Visiting, openid: OpenIDServer, openid_settings: dict[str, Any]
) -> None:
    openid.knobs.metadata = {"issuer": "https://evil.example"}
    async with visiting(**openid_settings) as browser:
        answer = await browser.web.get("/sign-in/with/oidc")

    assert answer.status_code == 403


async def test_beginning_is_bounded_for_an_address(visiting: Visiting, openid_settings: dict[str, Any]) -> None:
    async with visiting(**openid_settings) as browser:
        statuses = [(await browser.web.get("/sign-in/with/oidc")).status_code for _ in range(31)]

    assert statuses == [*[303] * 30, 429]


async def test_a_provider_that_is_not_set_up_is_not_there(visitor: BrowserOf) -> None:
    pages = [await visitor.web.get(f"/sign-in/with/{key}{end}") for key in ("oidc", "x") for end in ("", "/callback")]
    front = read(await visitor.get("/sign-in"))

    assert [page.status_code for page in pages] == [404] * 4
    assert not [link for link in front.links if "/with/" in link]


async def test_pages_about_signing_in_are_answered_with_their_headers(
    visiting: Visiting, openid_settings: dict[str, Any]
) -> None:
    async with visiting(**openid_settings) as browser:
        answers: list[httpx2.Response] = [
            await browser.web.get(path) for path in ("/sign-in/with/oidc", "/sign-in/with/oidc/callback?error=<script>")
        ]

    assert all(answer.headers["cache-control"] == "no-store" for answer in answers)
    assert "<script>" not in answers[1].text
