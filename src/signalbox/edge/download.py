"""Downloads: what is written as a file while it is read, to whoever takes it, as slowly as they take it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Final

import anyio
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from signalbox.domain.exports import ExportWish, Format
from signalbox.edge.http import note
from signalbox.edge.stream import SEND_SECONDS_MAX, cancel_when_gone
from signalbox.errors import Refusal

KINDS: Final[dict[Format, str]] = {
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "md": "text/markdown; charset=utf-8",
}
SENT_BYTES_MAX: Final = 65_536  # at once: so much is to be taken within SEND_SECONDS_MAX


class Download(Response):
    """Sends chunks of text as they are made, and stops making them when nobody takes them any more.

    What ends by a refusal, in the middle, is cut off: whoever reads it sees that it is not whole.
    """

    def __init__(self, chunks: AsyncGenerator[str, None], *, media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(media_type=media_type, headers=headers)
        del self.headers["content-length"]
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it all.

        Raises:
            ClientDisconnect: it was cut off, by either side; nobody is left to answer.
        """
        is_whole = False
        async with aclosing(self._chunks), anyio.create_task_group() as group:
            group.start_soon(cancel_when_gone, receive, group.cancel_scope)
            try:
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                async for chunk in self._chunks:
                    await _send_text(chunk, send)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                is_whole = True
            except Refusal as refusal:
                note(scope, outcome=refusal.code)
            except TimeoutError:
                note(scope, outcome="too slow")
            group.cancel_scope.cancel()
        if not is_whole:
            raise ClientDisconnect


def attached(project: str, wish: ExportWish) -> dict[str, str]:
    """Name the file of an export, of letters that any system takes."""
    what = "ledger" if wish.lane is None else "lane"
    what = what if wish.thread is None else f"thread-{wish.thread}"
    return {"Content-Disposition": f'attachment; filename="{project}-{what}.{wish.format}"'}


async def _send_text(text: str, send: Send) -> None:
    body = text.encode()
    for start in range(0, len(body), SENT_BYTES_MAX):
        with anyio.fail_after(SEND_SECONDS_MAX):
            await send({"type": "http.response.body", "body": body[start : start + SENT_BYTES_MAX], "more_body": True})
