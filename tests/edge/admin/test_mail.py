"""Mail: a link to who has an account, the same answer to everybody, and nothing that another could slip into it."""

from __future__ import annotations

import logging
import queue
import re
from collections.abc import Coroutine, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import httpx2
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from anyio import to_thread

from edge.admin.browsing import BrowserOf, words
from edge.admin.conftest import Visiting
from signalbox.config import Settings
from signalbox.domain import sign_in
from signalbox.domain.owners import OwnerRow
from signalbox.edge.mail import Mailer, mailer_of
from signalbox.errors import InvalidArguments, Unavailable
from support import free_port

SENDER = "signalbox@example.org"
LINK = re.compile(r"http://\S+/sign-in/link\?\S+")


class Inbox:
    """What a mail server has taken."""

    def __init__(self) -> None:
        self.taken: queue.Queue[EmailMessage] = queue.Queue()
        self.logins: list[LoginPassword] = []

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert session.authenticated
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, [message["To"]])
        self.taken.put(message)
        return "250 taken"

    def authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, who: Any) -> AuthResult:
        self.logins.append(who)
        return AuthResult(success=who == LoginPassword(b"user", b"p@ss/word"))

    async def next(self) -> EmailMessage:
        return await to_thread.run_sync(lambda: self.taken.get(timeout=10))


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def mail_url(inbox: Inbox) -> Iterator[str]:
    """A mail server on loopback that wants a password."""
    controller = Controller(
        inbox,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=inbox.authenticate,
        auth_require_tls=False,
    )
    controller.start()
    yield f"smtp://user:p%40ss%2Fword@127.0.0.1:{controller.port}?starttls=never"
    controller.stop()


@pytest.fixture
def mail_settings(mail_url: str) -> dict[str, Any]:
    return {"smtp_url": mail_url, "mail_from": SENDER}


async def ask(browser: BrowserOf, email: str, return_to: str = "/admin") -> tuple[int, str]:
    page = await browser.fill(f"/sign-in?return_to={return_to}", "/sign-in/mail", email=email)
    return page.status_code, words(page)


async def test_a_mailed_link_signs_in_and_goes_on_to_what_was_asked_for(
    visiting: Visiting, mail_settings: dict[str, Any], inbox: Inbox, owner: OwnerRow
) -> None:
    async with visiting(**mail_settings) as browser:
        await ask(browser, owner.email.upper(), "/admin/account")
        mail = await inbox.next()
        (link,) = LINK.findall(mail.get_content())
        done = await browser.fill(link.removeprefix(browser.origin), "/sign-in/link")

    assert (mail["From"], mail["To"]) == (SENDER, owner.email.upper())
    assert mail["Auto-Submitted"] == "auto-generated"
    assert done.url.path == "/admin/account"


async def test_everybody_gets_the_same_answer_and_only_owners_get_mail(
    visiting: Visiting, mail_settings: dict[str, Any], inbox: Inbox, owner: OwnerRow
) -> None:
    async with visiting(**mail_settings) as browser:
        nobody = await ask(browser, "nobody-at-all@example.org")
        somebody = await ask(browser, owner.email)
        first = await inbox.next()

    assert nobody == somebody
    assert "is on its way" in somebody[1]
    assert first["To"] == owner.email
    assert inbox.taken.empty()


async def test_the_answer_does_not_wait_for_who_somebody_is(
    visiting: Visiting, mail_settings: dict[str, Any], owner: OwnerRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    async def look(_db: object, email: str) -> None:
        looked.append(email)
        raise AssertionError("not before the answer")

    monkeypatch.setattr(sign_in, "make_link", look)

    def put_off(_mailer: Mailer, work: Coroutine[Any, Any, None]) -> None:
        looked.append("later")
        work.close()

    monkeypatch.setattr(Mailer, "later", put_off)
    async with visiting(**mail_settings) as browser:
        await ask(browser, owner.email)

    assert looked == ["later"]


async def test_a_mail_server_that_is_away_changes_no_answer_and_is_logged(
    visiting: Visiting, owner: OwnerRow, caplog: pytest.LogCaptureFixture
) -> None:
    gone = f"smtp://127.0.0.1:{free_port()}?starttls=never"
    async with visiting(smtp_url=gone, mail_from=SENDER) as browser:
        status, _ = await ask(browser, owner.email)

    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert status == 200
    assert len(warnings) == 1
    assert "mail was not sent" in warnings[0]


@pytest.mark.parametrize(
    "email",
    [
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org,b@example.org",
        "A <a@example.org>",
        "a",
        "ä@example.org",
        "",
    ],
)
async def test_what_is_not_one_address_is_refused_by_its_field(
    visiting: Visiting, mail_settings: dict[str, Any], inbox: Inbox, email: str
) -> None:
    async with visiting(**mail_settings) as browser:
        status, text = await ask(browser, email)

    assert status == 400
    assert "not an email address" in text
    assert inbox.taken.empty()


async def test_asking_is_bounded_for_an_email_and_for_an_address(
    visiting: Visiting, mail_settings: dict[str, Any]
) -> None:
    async with visiting(**mail_settings) as browser:
        of_one = [(await ask(browser, "one@example.org"))[0] for _ in range(7)]
        of_many = [(await ask(browser, f"{number}@example.org"))[0] for number in range(4)]

    assert of_one == [*[200] * 6, 429]
    assert of_many == [*[200] * 3, 429]


async def test_without_a_mail_server_there_is_no_form(visitor: BrowserOf) -> None:
    page = await visitor.get("/sign-in")

    assert "/sign-in/mail" not in page.text
    assert "<details open>" in page.text


async def invite(browser: BrowserOf, owner: OwnerRow, mail_to: str) -> httpx2.Response:
    """Make an invite on the page for it, to be mailed."""
    await browser.sign_in(owner.email)
    await browser.fill("/admin", "/admin/projects", name="relay")
    path = "/admin/projects/relay/invites"
    return await browser.fill(path, path, mail_to=mail_to)


async def test_an_invite_is_mailed_as_it_is_shown(
    visiting: Visiting, mail_settings: dict[str, Any], inbox: Inbox, owner: OwnerRow
) -> None:
    async with visiting(**mail_settings) as browser:
        page = await invite(browser, owner, "b@example.org")
        mail = await inbox.next()

    (link,) = re.findall(r"http://\S+/invite\?code=\w+", mail.get_content())
    assert "Mailed to b@example.org" in words(page)
    assert mail["Subject"] == f"{owner.handle} invites you to relay on Signalbox"
    assert link in page.text
    assert mail.get_content().count(link.rpartition("=")[2]) == 2  # for a person, and for an agent


async def test_an_invite_that_cannot_be_mailed_is_shown_all_the_same(
    visiting: Visiting, mail_settings: dict[str, Any], owner: OwnerRow
) -> None:
    nowhere = mail_settings | {"smtp_url": f"smtp://127.0.0.1:{free_port()}?starttls=never"}
    async with visiting(**nowhere) as browser:
        page = await invite(browser, owner, "b@example.org")

    assert page.status_code == 200
    assert "could not be sent" in words(page)
    assert "/invite?code=" in page.text


async def test_an_invite_to_what_is_no_address_is_not_made(
    visiting: Visiting, mail_settings: dict[str, Any], inbox: Inbox, owner: OwnerRow
) -> None:
    async with visiting(**mail_settings) as browser:
        page = await invite(browser, owner, "b@example.org, c@example.org")
        listed = await browser.get("/admin/projects/relay/invites")

    assert page.status_code == 400
    assert "this is not an email address" in words(page)
    assert "There are none." in words(listed)
    assert inbox.taken.empty()


@pytest.mark.parametrize("subject", ["a\r\nBcc: b@example.org", "a\nb", "a\x00", "x" * 201])
async def test_a_subject_is_one_line(mail_url: str, inbox: Inbox, subject: str) -> None:
    with pytest.raises(InvalidArguments):
        await Mailer(mail_url, SENDER).send("a@example.org", subject, "text")

    assert inbox.taken.empty()


async def test_nothing_is_sent_in_the_clear_unless_the_settings_say_so(mail_url: str, inbox: Inbox) -> None:
    for url in (mail_url.replace("never", "required"), mail_url.partition("?")[0], mail_url.replace("smtp:", "smtps:")):
        with pytest.raises(Unavailable):
            await Mailer(url, SENDER).send("a@example.org", "subject", "text")

    assert (inbox.logins, inbox.taken.empty()) == ([], True)


def test_there_is_a_mailer_only_where_there_is_a_server(settings: Settings) -> None:
    assert mailer_of(settings) is None
