"""What every HTTP edge shares: who calls, from where, with how much, and how a refusal looks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import from_json
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope

from signalbox.errors import (
    BodyTooLarge,
    NoCredential,
    Refusal,
    ScopeTooNarrow,
    Unauthenticated,
)
from signalbox.identity import Principal, TokenHash, token_hash
from signalbox.identity import Scope as TokenScope

LOG_KEY: Final = "signalbox.log"
FAILURE_KEY: Final = "signalbox.failure"  # what broke, where the answer hides it
LATE_SECONDS: Final = 0.25
JSON_ERRORS: Final = (ValueError, RecursionError)


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
