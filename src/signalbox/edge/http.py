"""What every HTTP edge shares: who calls, from where, with how much, and how a refusal looks."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic_core import from_json
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from signalbox.config import Settings
from signalbox.errors import (
    BodyTooLarge,
    ForeignOrigin,
    Misdirected,
    NoCredential,
    Refusal,
    ScopeTooNarrow,
    Unauthenticated,
)
from signalbox.identity import Principal, TokenHash, token_hash
from signalbox.identity import Scope as TokenScope

log = logging.getLogger("signalbox.requests")

LOG_KEY: Final = "signalbox.log"
ANYWHERE: Final = frozenset({"/healthz", "/readyz"})  # probes come by address, under any name
LATE_SECONDS: Final = 0.25
JSON_ERRORS: Final = (ValueError, RecursionError)

SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
)


def bearer(headers: Mapping[str, str]) -> TokenHash:
    """Read the bearer token of a request.

    Raises:
        Unauthenticated: there is none, or it cannot be one.
    """
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise NoCredential("send a token: Authorization: Bearer sbx_…")
    return token_hash(secret.strip())


async def read_body(scope: Scope, receive: Receive, bytes_max: int) -> bytes:
    """Read the whole body.

    Raises:
        BodyTooLarge: it has more than `bytes_max` bytes; the rest was not read.
        ClientDisconnect: the caller went away in the middle of it.
    """
    body = b""
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if declared.isdigit() and int(declared) > bytes_max:
        raise _too_large(bytes_max)
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > bytes_max:
            raise _too_large(bytes_max)
        more = message.get("more_body", False)
    return body


def _too_large(bytes_max: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body is larger than {bytes_max} bytes", bytes_max=bytes_max)


class while_caller_waits:  # noqa: N801 - it reads as what it does
    """Run for as long as the caller is there: what runs is cancelled when the caller hangs up.

    Whether it did is looked at only once the answer is late: most answers are out before anybody could tell. `async
    with` raises ClientDisconnect when the caller went away: nobody is left to answer.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_gone = False
        self._watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        self._timer = loop.call_later(LATE_SECONDS, self._start, task)

    async def __aexit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if self._is_gone and kind is asyncio.CancelledError:
            task = asyncio.current_task()
            assert task is not None
            if task.uncancel() == 0:  # nobody else has cancelled it as well
                raise ClientDisconnect

    def _start(self, task: asyncio.Task[object]) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._watch(task))

    async def _watch(self, task: asyncio.Task[object]) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._is_gone = True
        task.cancel()


def parse_json(body: bytes) -> Any:
    """Read JSON of a body that somebody else will answer for: None when it is none."""
    try:
        return from_json(body)
    except ValueError:
        return None


def note(scope: Scope, **facts: object) -> None:
    """Add facts to the one log line of this request."""
    scope.setdefault(LOG_KEY, {}).update(facts)


def note_caller(scope: Scope, who: Principal) -> None:
    """Say in the log who called, by name."""
    note(scope, actor=who.actor, project=who.project)


def http_error(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Answer what HTTP itself refuses: a path or a method that is not there."""
    return JSONResponse({"error": {"code": f"http_{status}", "message": message}}, status_code=status, headers=headers)


def our_mistake(message: str) -> Response:
    """Answer what broke us; `message` names the log's entry."""
    return JSONResponse({"error": {"code": "internal_error", "message": message}}, status_code=500)


def challenge(refusal: Refusal, base_url: str) -> str:
    """Write the `WWW-Authenticate` of a refusal (RFC 6750 section 3, RFC 9728 section 5.1)."""
    wanted = str(refusal.state.get("scope", f"{TokenScope.READ} {TokenScope.WRITE}"))
    parts = [
        f'resource_metadata="{base_url}/.well-known/oauth-protected-resource/mcp"',
        f'scope="{wanted}"',
    ]
    if isinstance(refusal, ScopeTooNarrow):
        parts.insert(0, 'error="insufficient_scope"')
    elif not isinstance(refusal, NoCredential):
        parts.insert(0, 'error="invalid_token"')
    return "Bearer " + ", ".join(parts)


def refused(refusal: Refusal, base_url: str) -> Response:
    """Answer a refusal over HTTP: its status, its JSON, and what its status asks for in headers."""
    headers: dict[str, str] = {}
    if isinstance(refusal, (Unauthenticated, ScopeTooNarrow)):
        headers["WWW-Authenticate"] = challenge(refusal, base_url)
    if "retry_after_seconds" in refusal.state:
        headers["Retry-After"] = str(refusal.state["retry_after_seconds"])
    return JSONResponse({"error": refusal.as_json()}, status_code=refusal.status, headers=headers)


Failed = Callable[[Scope, str], Response]
"""Answers a request that broke us, of which the log has this id."""


class Door:
    """The outermost layer: names each request, checks where it comes from, logs it once, hides what broke.

    `direct` are the applications at paths that are so busy that the router's share of a call (a tenth) matters;
    `failed` answers a request that broke us.
    """

    def __init__(self, app: ASGIApp, settings: Settings, direct: Mapping[str, ASGIApp], failed: Failed) -> None:
        self._app = app
        self._direct = direct
        self._failed = failed
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
        except Exception:
            log.exception("request %s failed", request_id)
            if sending.started:
                raise
            await self._failed(scope, request_id)(scope, receive, sending)
        finally:
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
    return _name_of(f"//{host.decode('latin-1')}")


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
