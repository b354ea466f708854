"""The remote server: tools over plain HTTP, and MCP messages over Streamable HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, Final, Self

import anyio
import httpx2

ANSWER_SECONDS_MAX: Final = 320.0  # a wait of 290 seconds, and its way
CONNECT_SECONDS_MAX: Final = 5.0
SILENCE_SECONDS_MAX: Final = 45.0  # of a stream: the server says something every 15 seconds
PAUSES_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
AWAY: Final = frozenset({502, 503, 504})  # what a server that starts again, or its proxy, answers


class RefusedError(Exception):
    """The server says no, and will say it again."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class AwayError(Exception):
    """The server does not answer now."""

    def __init__(self, message: str, *, was_sent: bool) -> None:
        super().__init__(message)
        self.was_sent = was_sent
        """Whether the server may have taken the request."""


def pause(attempt: int) -> float:
    """Answer how many seconds to wait before the next attempt."""
    return PAUSES_SECONDS[min(attempt, len(PAUSES_SECONDS) - 1)]


class Remote:
    """One server, and the token to it. `async with` opens and closes its connections."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._client = httpx2.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx2.Timeout(ANSWER_SECONDS_MAX, connect=CONNECT_SECONDS_MAX),
            follow_redirects=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_failure: object) -> None:
        await self._client.aclose()

    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Call a tool.

        Raises:
            RefusedError: the server refuses it.
            AwayError: the server does not answer.
        """
        response = await self._send("POST", f"/api/tools/{tool}", arguments, {})
        if response.status_code != httpx2.codes.OK:
            raise RefusedError(response.status_code, response.text[:500])
        found: dict[str, Any] = response.json()
        return found

    async def post(self, message: dict[str, Any], headers: dict[str, str]) -> httpx2.Response:
        """Send an MCP message; the answer is not read yet, and must be closed."""
        accept = {"Accept": "application/json, text/event-stream", **headers}
        return await self._send("POST", "/mcp", message, accept, stream=True)

    async def listen(self, headers: dict[str, str]) -> httpx2.Response:
        """Open the stream of a session of the handshake era; it must be closed."""
        return await self._send("GET", "/mcp", None, {"Accept": "text/event-stream", **headers}, stream=True)

    async def _send(
        self, method: str, path: str, body: Any, headers: dict[str, str], *, stream: bool = False
    ) -> httpx2.Response:
        request = self._client.build_request(
            method,
            path,
            content=None if body is None else json.dumps(body).encode(),
            headers=headers if body is None else {"Content-Type": "application/json", **headers},
        )
        try:
            response = await self._client.send(request, stream=stream)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise AwayError(f"no answer from {self.url}: {error}", was_sent=False) from error
        except httpx2.HTTPError as error:
            raise AwayError(f"{self.url} broke off: {error}", was_sent=True) from error
        if response.status_code in AWAY:
            await response.aclose()
            raise AwayError(f"{self.url} answers {response.status_code}", was_sent=False)
        return response


async def messages_in(response: httpx2.Response) -> AsyncIterator[dict[str, Any]]:
    """Read the messages of an answer, be it one or a stream of events.

    Raises:
        AwayError: it ends in the middle, or is silent for too long.
    """
    try:
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            body = await response.aread()
            if body.strip():
                yield json.loads(body)
            return
        lines = aiter(response.aiter_lines())
        while True:
            with anyio.fail_after(SILENCE_SECONDS_MAX):
                line = await anext(lines, None)
            if line is None:
                return
            if line.startswith("data:"):
                yield json.loads(line[5:])
    except (httpx2.HTTPError, TimeoutError, ValueError) as error:
        raise AwayError(f"the answer broke off: {error}", was_sent=True) from error
    finally:
        with anyio.CancelScope(shield=True):
            await response.aclose()
