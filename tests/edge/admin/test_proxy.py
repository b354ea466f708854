"""A proxy's word: it counts from a listed address and with the secret, and from nobody else. With real servers."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from edge.admin.browsing import make_owner, read
from edge.admin.conftest import Visiting
from signalbox.config import ConfigError, load_settings
from signalbox.db.pool import Database
from signalbox.domain.owners import OwnerRow
from signalbox.edge.peers import is_among, networks_of, plain_address
from support import ServerProcess, serving

SECRET = "between-proxy-and-server"
HEADER = "X-Auth-Request-Email"
RIGHT = {"X-Signalbox-Proxy-Secret": SECRET}
SET_UP: dict[str, Any] = {"SIGNALBOX_PROXY_AUTH_HEADER": HEADER, "SIGNALBOX_PROXY_AUTH_SECRET": SECRET}


@pytest.fixture(scope="module")
def behind_a_proxy(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose proxy is on loopback: so this test is the proxy, and may forward for anybody."""
    directory = tmp_path_factory.mktemp("proxied")
    with serving(database_url, directory, workers=2, SIGNALBOX_TRUSTED_PROXIES="::1, 127.0.0.0/8", **SET_UP) as started:
        yield started


@pytest.fixture(scope="module")
def beside_a_proxy(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose proxy is elsewhere: whoever is on loopback is none."""
    directory = tmp_path_factory.mktemp("beside")
    with serving(database_url, directory, SIGNALBOX_TRUSTED_PROXIES="192.0.2.7", **SET_UP) as started:
        yield started


@pytest.fixture
async def named(database: Database) -> OwnerRow:
    return await make_owner(database, f"proxied-{secrets.token_hex(6)}")


def ask(server: ServerProcess, headers: list[tuple[str, str]], path: str = "/sign-in/proxy") -> httpx2.Response:
    with httpx2.Client(base_url=server.url) as web:
        return web.get(path, headers=headers)


def said(email: str, **others: str) -> list[tuple[str, str]]:
    return [(HEADER, email), *RIGHT.items(), *others.items()]


async def test_the_proxys_word_signs_an_owner_in(behind_a_proxy: ServerProcess, named: OwnerRow) -> None:
    with httpx2.Client(base_url=behind_a_proxy.url) as web:
        answer = web.get(
            "/sign-in/proxy?return_to=/admin/account",
            headers=[*said(named.email.upper()), ("X-Forwarded-For", "198.51.100.9")],
        )
        account = web.get("/admin/account")

    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/account")
    assert named.handle in account.text


async def test_a_forwarded_address_does_not_make_a_proxy_of_anybody(
    beside_a_proxy: ServerProcess, named: OwnerRow
) -> None:
    tries = [said(named.email), *([*said(named.email), ("X-Forwarded-For", to)] for to in ("192.0.2.7", "127.0.0.1"))]

    assert [ask(beside_a_proxy, headers).status_code for headers in tries] == [403] * 3


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="nothing"),
        pytest.param([(HEADER, "EMAIL")], id="no secret"),
        pytest.param([(HEADER, "EMAIL"), ("X-Signalbox-Proxy-Secret", "")], id="an empty secret"),
        pytest.param([(HEADER, "EMAIL"), ("X-Signalbox-Proxy-Secret", SECRET + "x")], id="another secret"),
        pytest.param([(HEADER, "EMAIL"), *RIGHT.items(), *RIGHT.items()], id="the secret twice"),
        pytest.param([*RIGHT.items()], id="no email"),
        pytest.param([(HEADER, ""), *RIGHT.items()], id="an empty email"),
        pytest.param([(HEADER, "EMAIL"), (HEADER, "EMAIL"), *RIGHT.items()], id="two emails"),
        pytest.param([(HEADER, "EMAIL, a@example.org"), *RIGHT.items()], id="two emails in one"),
        pytest.param([("X-Forwarded-Email", "EMAIL"), *RIGHT.items()], id="another header"),
    ],
)
async def test_anything_less_is_refused(
    behind_a_proxy: ServerProcess, named: OwnerRow, headers: list[tuple[str, str]]
) -> None:
    sent = [(name, value.replace("EMAIL", named.email)) for name, value in headers]
    answer = ask(behind_a_proxy, sent)

    assert answer.status_code == 403
    assert SECRET not in answer.text
    assert "signalbox" in answer.headers["set-cookie"], "a cookie, but of nobody"


async def test_who_is_new_is_held_to_the_rules_of_sign_up(behind_a_proxy: ServerProcess) -> None:
    answer = ask(behind_a_proxy, said(f"nobody-{secrets.token_hex(6)}@example.org"))

    assert answer.status_code == 403
    assert "ask its operator" in " ".join(answer.text.split())


async def test_the_word_opens_only_its_own_page(behind_a_proxy: ServerProcess, named: OwnerRow) -> None:
    assert ask(behind_a_proxy, said(named.email), "/admin").status_code == 303
    assert ask(behind_a_proxy, said(named.email), "/sign-in/proxy?return_to=//evil.example").headers["location"] == (
        "/admin"
    )


async def test_without_the_setting_there_is_no_such_page(visiting: Visiting, named: OwnerRow) -> None:
    async with visiting(trusted_proxies=("127.0.0.1",)) as browser:
        answer = await browser.web.get("/sign-in/proxy", headers=said(named.email))
        front = read(await browser.get("/sign-in"))

    assert answer.status_code == 404
    assert "/sign-in/proxy" not in " ".join(front.links)


def test_an_address_is_the_peers_whatever_the_socket_makes_of_it() -> None:
    networks = networks_of(("127.0.0.1", "2001:db8::/32"))

    assert [plain_address(host) for host in ("::ffff:127.0.0.1", "::1", "unix")] == ["127.0.0.1", "::1", "unix"]
    assert is_among({"signalbox.peer": "127.0.0.1"}, networks)
    assert is_among({"signalbox.peer": "2001:db8::7"}, networks)
    assert not is_among({"signalbox.peer": "127.0.0.2"}, networks)
    assert not is_among({"client": ("127.0.0.1", 1)}, networks)
    assert not is_among({"signalbox.peer": "unix"}, networks)


GOOD: dict[str, Any] = {
    "proxy": {**SET_UP, "SIGNALBOX_TRUSTED_PROXIES": "127.0.0.1"},
    "openid": {
        "SIGNALBOX_OIDC_ISSUER": "https://id.example.org/realm/.well-known/openid-configuration",
        "SIGNALBOX_OIDC_CLIENT_ID": "x",
        "SIGNALBOX_OIDC_CLIENT_SECRET": "y",
    },
    "google": {"SIGNALBOX_GOOGLE_CLIENT_ID": "x", "SIGNALBOX_GOOGLE_CLIENT_SECRET": "y"},
    "github": {"SIGNALBOX_GITHUB_CLIENT_ID": "x", "SIGNALBOX_GITHUB_CLIENT_SECRET": "y"},
    "mail": {"SIGNALBOX_SMTP_URL": "smtp://u:p@mail.example.org", "SIGNALBOX_MAIL_FROM": "box@example.org"},
    "domains": {"SIGNALBOX_SIGN_UP": "domains", "SIGNALBOX_SIGN_UP_DOMAINS": "Example.org"},
}


@pytest.mark.parametrize(("way", "left_out"), [(way, name) for way, settings in GOOD.items() for name in settings])
def test_a_way_in_that_is_set_up_by_halves_is_an_error_that_names_the_other_half(way: str, left_out: str) -> None:
    load_settings(GOOD[way])

    with pytest.raises(ConfigError, match=r"SIGNALBOX_\w+"):
        load_settings({name: value for name, value in GOOD[way].items() if name != left_out})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIGNALBOX_OIDC_ISSUER", "http://id.example.org"),
        ("SIGNALBOX_TRUSTED_PROXIES", "*"),
        ("SIGNALBOX_TRUSTED_PROXIES", "proxy.example.org"),
        ("SIGNALBOX_PROXY_AUTH_SECRET", "short"),
        ("SIGNALBOX_PROXY_AUTH_HEADER", "X Auth"),
        ("SIGNALBOX_SMTP_URL", "http://mail.example.org"),
        ("SIGNALBOX_SMTP_URL", "smtp://u:p@mail.example.org?starttls=never"),
        ("SIGNALBOX_SMTP_URL", "smtp://mail.example.org?starttls=maybe"),
        ("SIGNALBOX_MAIL_FROM", "Box <box@example.org>"),
        ("SIGNALBOX_SIGN_UP", "everybody"),
    ],
)
def test_a_way_in_that_would_be_a_hole_is_an_error(name: str, value: str) -> None:
    whole = {key: one for settings in GOOD.values() for key, one in settings.items()}

    with pytest.raises(ConfigError, match="SIGNALBOX_"):
        load_settings(whole | {name: value})


def test_secrets_come_from_files_too(tmp_path: Path) -> None:
    kept = tmp_path / "secret"
    kept.write_text("y\n", encoding="utf-8")
    given = {"SIGNALBOX_GITHUB_CLIENT_ID": "x", "SIGNALBOX_GITHUB_CLIENT_SECRET_FILE": str(kept)}

    assert load_settings(given).github_client_secret == "y"
    assert load_settings(GOOD["openid"]).oidc_issuer == "https://id.example.org/realm"
