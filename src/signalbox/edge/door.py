"""The door: what every request passes first, and every response last."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from signalbox.config import Settings
from signalbox.edge.http import FAILURE_KEY, LOG_KEY, note, refused
from signalbox.errors import ForeignOrigin, Misdirected, Refusal

log = logging.getLogger("signalbox.requests")

ANYWHERE: Final = frozenset({"/healthz", "/readyz"})  # probes come by address, under any name
HOST: Final = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")

SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
)

Failed = Callable[[Scope, str], Response]
"""Answers a request that broke us, of which the log has this id."""
NoteError = Callable[[str, str, str, BaseException], None]
"""Takes a request's id, method and path, and what broke; waits for nothing and does not fail."""


class Door:
    """The outermost layer: names each request, checks where it comes from, logs it once, hides what broke.

    `direct` are the applications at paths that are so busy that the router's share of a call (a tenth) matters;
    `failed` answers a request that broke us.
    """

    def __init__(
        self, app: ASGIApp, settings: Settings, direct: Mapping[str, ASGIApp], failed: Failed, note_error: NoteError
    ) -> None:
        self._app = app
        self._direct = direct
        self._failed = failed
        self._note_error = note_error
        self._base_url = settings.base_url
        self._hosts = _host_names(settings)
        self._origins = frozenset(settings.allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = os.urandom(8).hex()
        started = time.perf_counter()
        # RFC 9110 5.5: white space around a value is no part of it; the parser in front of us leaves it at the end.
        scope["headers"] = [(name, value.rstrip(b" \t")) for name, value in scope["headers"]]
        note(scope, status=0)
        sending = _Sending(scope, send, request_id)
        try:
            self._check(scope)
            app = self._direct.get(scope["path"], self._app)
            await app(scope, receive, sending)
        except Refusal as refusal:
            await refused(refusal, self._base_url)(scope, receive, sending)
        except ClientDisconnect:
            note(scope, outcome="hung up")  # in the middle of its body: nobody is left to answer
        except Exception as error:
            log.exception("request %s failed", request_id)
            scope[FAILURE_KEY] = error
            if sending.started:
                raise
            await self._failed(scope, request_id)(scope, receive, sending)
        finally:
            if FAILURE_KEY in scope:
                self._note_error(request_id, scope["method"], scope["path"], scope[FAILURE_KEY])
            _log_request(scope, request_id, time.perf_counter() - started)

    def _check(self, scope: Scope) -> None:
        if scope["path"] in ANYWHERE:
            return
        host = origin = b""
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
            elif name == b"origin":
                origin = value
        if _host_name(host) not in self._hosts:
            raise Misdirected(
                "this server is not known by that name: its operator can add it to SIGNALBOX_ALLOWED_HOSTS"
            )
        if origin and not self._may_call(origin.decode("latin-1")):
            raise ForeignOrigin("pages of that origin may not call this server (SIGNALBOX_ALLOWED_ORIGINS)")

    def _may_call(self, origin: str) -> bool:
        return origin in self._origins or _name_of(origin) in self._hosts


class _Sending:
    """Sends on, with a request id and the security headers, and notes the status."""

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self._scope = scope
        self._send = send
        self._request_id = request_id.encode()
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            note(self._scope, status=message["status"])
            headers = [*message.get("headers", ()), (b"x-request-id", self._request_id)]
            given = {name for name, _ in headers}
            headers += [pair for pair in SECURITY_HEADERS if pair[0] not in given]
            message = {**message, "headers": headers}
        await self._send(message)


def _host_names(settings: Settings) -> frozenset[str]:
    own = {"localhost", "127.0.0.1", "::1", settings.host, _name_of(settings.base_url)}
    return frozenset(own | {_name_of(f"//{name}") for name in settings.allowed_hosts}) - {""}


@lru_cache(maxsize=256)
def _host_name(host: bytes) -> str:
    """Read a Host header: a name and a port, and nothing that one reader of addresses takes otherwise than another."""
    return _name_of(f"//{host.decode('latin-1')}") if HOST.fullmatch(host) else ""


def _name_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _log_request(scope: Scope, request_id: str, seconds: float) -> None:
    level = logging.DEBUG if scope["path"] in ANYWHERE else logging.INFO
    if not log.isEnabledFor(level):
        return
    line = {
        "id": request_id,
        "method": scope["method"],
        "path": scope["path"],
        **scope[LOG_KEY],
        "ms": round(seconds * 1000, 1),
    }
    text = " ".join([f"{key}={_plain(value)}" for key, value in line.items()])
    # Not log.log(): that looks up the stack for who logs, which is always this line.
    log.handle(log.makeRecord(log.name, level, __file__, 0, text, (), None, extra={"facts": line}))


def _plain(value: object) -> str:
    """Write a value so that it stays one word of one line, whatever a caller put into it."""
    text = str(value)
    return text if text.isprintable() and " " not in text else ascii(text).replace(" ", r"\x20")
