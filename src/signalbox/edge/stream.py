"""Server-sent events: what every response that stays open shares, and the beat that looks after all of a worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Send

from signalbox.errors import Unavailable

log = logging.getLogger("signalbox.streams")

KEEP_ALIVE_SECONDS: Final = 15.0
SEND_SECONDS_MAX: Final = 30.0  # a reader that takes nothing for so long is cut

BEAT_SECONDS: Final = 1.0

HEADERS: Final = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]


def accepts(headers: Mapping[str, str], *kinds: str) -> bool:
    """Say whether an answer of one of these kinds was asked for."""
    accepted = {kind.partition(";")[0].strip() for kind in headers.get("accept", "").lower().split(",")}
    return not accepted.isdisjoint(kinds)


class Events:
    """One open response."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._said_at = 0.0

    @property
    def seconds_left(self) -> float:
        """How long the stream may stay as quiet as it is."""
        return max(0.0, self._said_at + KEEP_ALIVE_SECONDS - anyio.current_time())

    async def say(self, frames: bytes) -> None:
        """Send events, or a comment, and wait until the reader has room for more; raises TooSlow when it makes none."""
        try:
            with anyio.fail_after(SEND_SECONDS_MAX):
                await self._send({"type": "http.response.body", "body": frames + b"\n\n", "more_body": True})
        except TimeoutError:
            raise TooSlow from None
        self._said_at = anyio.current_time()

    async def keep_alive(self) -> None:
        """Send what keeps proxies from cutting a quiet stream, if it was quiet for long enough."""
        if not self.seconds_left:
            await self.say(b": still here")


class TooSlow(Exception):  # noqa: N818 - it is what the reader is
    """The reader takes nothing any more."""


@asynccontextmanager
async def sending_events(receive: Receive, send: Send) -> AsyncIterator[Events]:
    """Open a response and end it after the block, which is cancelled when the reader goes away.

    Raises:
        ClientDisconnect: the reader took nothing any more, and was cut.
    """
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    is_cut = False
    async with anyio.create_task_group() as group:
        group.start_soon(cancel_when_gone, receive, group.cancel_scope)
        events = Events(send)
        try:
            await events.say(b": open")
            yield events
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TooSlow:
            is_cut = True
        group.cancel_scope.cancel()
    if is_cut:
        log.info("a stream was cut: its reader took nothing for %d s", SEND_SECONDS_MAX)
        raise ClientDisconnect


async def cancel_when_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    """Cancel what is sent to a reader once it has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


@asynccontextmanager
async def looked_after(look: Callable[[], Awaitable[None]], what: str) -> AsyncIterator[None]:
    """Look after what is open every second meanwhile; a look that fails says so in the log, and the next one comes."""
    beat = asyncio.create_task(_beat(look, what))
    try:
        yield
    finally:
        beat.cancel()
        await asyncio.gather(beat, return_exceptions=True)


async def _beat(look: Callable[[], Awaitable[None]], what: str) -> None:
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        try:
            await look()
        except Unavailable:
            log.warning("%s were not looked after: the database does not answer", what)
        except Exception:
            log.exception("%s were not looked after", what)
