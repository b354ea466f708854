"""Mail through a server of the operator's: plain text, one recipient, and never in the way of an answer."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import aiosmtplib
import jinja2

from signalbox import paths
from signalbox.config import Settings
from signalbox.domain.owners import EMAIL
from signalbox.errors import InvalidArguments, Refusal, Unavailable

log = logging.getLogger("signalbox")

SEND_SECONDS_MAX: Final = 20.0
STEP_SECONDS_MAX: Final = 10.0
PENDING_MAX: Final = 100
CLOSE_SECONDS_MAX: Final = 2.0
SUBJECT_LENGTH_MAX: Final = 200
TEXT_LENGTH_MAX: Final = 100_000
FOREIGN: Final = frozenset('<>,;:"()[]\\')  # an address list, a name beside an address, a comment: not one address

TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(paths.TEMPLATES / "mail"),
    undefined=jinja2.StrictUndefined,
    autoescape=False,  # noqa: S701 - mail is plain text
    trim_blocks=True,
    keep_trailing_newline=True,
)


def render_mail(template: str, **values: Any) -> str:
    """Write the text of a mail."""
    return TEMPLATES.get_template(template).render(**values)


def require_address(address: str, field: str = "email") -> str:
    """Answer one plain address of mail.

    Raises:
        InvalidArguments: it is none, or more than one, or would end a header's line; `field` is the form's.
    """
    if not (EMAIL.fullmatch(address) and address.isascii() and address.isprintable() and not FOREIGN & set(address)):
        raise InvalidArguments("this is not an email address", field=field)
    return address


class Mailer:
    """Sends mail through one server."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self._sender = sender
        self._host = parts.hostname or ""
        self._over_tls = parts.scheme == "smtps"
        self._starts_tls = not self._over_tls and "starttls=never" not in parts.query
        self._port = parts.port or (465 if self._over_tls else 587)
        self._username = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._context = ssl.create_default_context()
        self._pending: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let what is under way at the end finish, for a moment."""
        try:
            yield
        finally:
            if self._pending:
                _, late = await asyncio.wait(self._pending, timeout=CLOSE_SECONDS_MAX)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)

    async def send(self, to: str, subject: str, text: str) -> None:
        """Send a mail and see it taken.

        Raises:
            InvalidArguments: the address or the subject cannot be one.
            Unavailable: the mail server did not take it; the log says why.
        """
        message = self._message(require_address(to), subject, text)
        try:
            async with asyncio.timeout(SEND_SECONDS_MAX):
                await aiosmtplib.send(
                    message,
                    hostname=self._host,
                    port=self._port,
                    username=self._username,
                    password=self._password,
                    use_tls=self._over_tls,
                    start_tls=self._starts_tls,
                    tls_context=self._context if self._over_tls or self._starts_tls else None,
                    timeout=STEP_SECONDS_MAX,
                )
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            log.warning("mail was not sent through %s:%d: %s: %r", self._host, self._port, type(error).__name__, error)
            raise Unavailable("the mail could not be sent: hand the text over in another way, or try again") from error

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that ends in a mail once the answer is out; what goes wrong with it only the log says."""
        if len(self._pending) >= PENDING_MAX:
            work.close()
            log.warning("a mail was dropped: %d are waiting to be sent", PENDING_MAX)
            return
        task = asyncio.get_running_loop().create_task(_logged(work))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    def _message(self, to: str, subject: str, text: str) -> EmailMessage:
        if not subject.isprintable() or len(subject) > SUBJECT_LENGTH_MAX or len(text) > TEXT_LENGTH_MAX:
            raise InvalidArguments("a mail's subject is one line, and its text has a bound")
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = to
        message["Subject"] = subject
        message["Date"] = formatdate(localtime=False)
        message["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        return message


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Unavailable:
        pass  # where it was refused has said why
    except Refusal as refusal:
        log.warning("a mail was not sent: %s", refusal.message)
    except Exception:
        log.exception("a mail was not sent")


def mailer_of(settings: Settings) -> Mailer | None:
    """Make what sends mail; None where no server for it is named."""
    if settings.smtp_url is None or settings.mail_from is None:
        return None
    return Mailer(settings.smtp_url, settings.mail_from)


async def send_invite(
    mailer: Mailer, to: str, *, project: str, inviter: str, base_url: str, text: str, link: str
) -> None:
    """Mail an invite's text for an agent and its link for a person, as they are shown where there is no mail.

    Raises:
        InvalidArguments: the address cannot be one.
        Unavailable: the mail server did not take it: show the text instead.
    """
    body = render_mail("invite.txt", project=project, inviter=inviter, base_url=base_url, text=text, link=link)
    await mailer.send(to, f"{inviter} invites you to {project} on Signalbox", body)
