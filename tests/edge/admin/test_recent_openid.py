"""Fresh sign-ins with a provider: it is asked to let one prove it again, and believed when it says that one did not."""

from __future__ import annotations

import secrets
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from edge.admin.browsing import BrowserOf, read, words
from edge.admin.conftest import Visiting
from edge.admin.providing import OpenIDServer
from signalbox.domain.owners import OwnerRow
from signalbox.edge.admin.providers import OpenID

HOUR = 3600


@pytest.fixture
async def known(openid: OpenIDServer, owner: OwnerRow) -> OwnerRow:
    """The owner whom the provider's user is."""
    openid.knobs.claims["email"] = owner.email
    return owner


async def test_who_has_to_sign_in_again_is_asked_by_the_provider(
    visiting: Visiting, openid_settings: dict[str, Any]
) -> None:
    async with visiting(**openid_settings) as browser:
        links = [read(await browser.get(f"/sign-in{query}")).links for query in ("", "?why=recent")]
        addresses = [next(link for link in one if "/with/oidc" in link) for one in links]
        sent = [parse_qs(urlsplit((await browser.web.get(one)).headers["location"]).query) for one in addresses]

    assert "prompt" not in sent[0]
    assert int(sent[0]["max_age"][0]) > 0, "so that it says when it was"
    assert (sent[1]["prompt"], sent[1]["max_age"]) == (["login"], ["0"])


async def mint(browser: BrowserOf) -> str:
    """Make a project and a token in it; answers where that leads."""
    name = f"fresh-{secrets.token_hex(4)}"
    await browser.fill("/admin", "/admin/projects", name=name)
    page = f"/admin/projects/{name}/participants"
    return (await browser.fill(page, f"{page}/new", participant_name="claude-1")).url.path.rpartition("/")[2]


@pytest.mark.parametrize(
    ("ago", "leads_to"), [(None, "new"), (0, "new"), (-30, "new"), (HOUR // 2, "new"), (2 * HOUR, "sign-in")]
)
async def test_a_sign_in_is_as_fresh_as_the_provider_says(
    visiting: Visiting,
    openid: OpenIDServer,
    openid_settings: dict[str, Any],
    known: OwnerRow,
    *,
    ago: int | None,
    leads_to: str,
) -> None:
    if ago is not None:
        openid.knobs.claims["auth_time"] = int(time.time()) - ago
    async with visiting(**openid_settings) as browser:
        await browser.sign_in_with(openid)
        led_to = await mint(browser)

    assert led_to == leads_to, known.handle


@pytest.mark.parametrize("when", [time.time() + HOUR, -1, 1e300, "yesterday", [], {}])
async def test_a_time_that_is_none_signs_nobody_in(
    visiting: Visiting, openid: OpenIDServer, openid_settings: dict[str, Any], known: OwnerRow, when: Any
) -> None:
    openid.knobs.claims["auth_time"] = when
    async with visiting(**openid_settings) as browser:
        answer = await browser.sign_in_with(openid)

    assert answer.status_code == 403, known.handle
    assert "does not hold" in words(answer)


async def test_a_provider_that_cannot_be_asked_for_it_is_not(
    visiting: Visiting, openid: OpenIDServer, openid_settings: dict[str, Any]
) -> None:
    shy = OpenID("oidc", "Shy", openid.url, "signalbox-here", "a secret", says_when=False)
    async with visiting({"oidc": shy}, **openid_settings) as browser:
        sent = parse_qs(urlsplit((await browser.web.get("/sign-in/with/oidc?why=recent")).headers["location"]).query)

    assert not {"prompt", "max_age"} & sent.keys()
