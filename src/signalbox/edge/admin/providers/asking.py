"""What a provider is, and how one is asked: within a bound of time and size; what fails is said in two ways only."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc.errors import JoseError

from signalbox.domain.identities import Begun, Flow, Identity
from signalbox.errors import Forbidden, Unavailable

log = logging.getLogger("signalbox")

EXCHANGE_SECONDS_MAX: Final = 15.0
STEP_SECONDS_MAX: Final = 5.0
ANSWER_BYTES_MAX: Final = 262_144

AWAY: Final = (httpx2.HTTPError, TimeoutError)
NONSENSE: Final = (AuthlibBaseError, JoseError, KeyError, TypeError, ValueError)
# The encoding is undone, and the length is another one then.
WIRE_HEADERS: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class Provider(Protocol):
    """Who can say who somebody is."""

    @property
    def key(self) -> str:
        """What paths and the database know it by."""

    @property
    def name(self) -> str:
        """What people know it by."""

    async def address(self, begun: Begun, redirect_uri: str, *, again: bool) -> str:
        """Answer where the browser goes to sign in; raises Unavailable when the provider does not answer.

        `again` wishes that who the provider knows already proves it once more.
        """

    async def prove(self, flow: Flow, code: str, issuer: str | None, redirect_uri: str) -> Identity:
        """Turn the provider's answer into who it is about; `issuer` is who the answer says it comes from.

        Raises:
            Forbidden: the answer does not hold, or the provider has not verified the email.
            Unavailable: the provider does not answer.
        """


class AskingClient(AsyncOAuth2Client):  # type: ignore[misc] # Authlib has no types
    """Authlib's client, for one exchange with one provider."""

    def __init__(self, client_id: str, client_secret: str, redirect_uri: str, scope: str, tls: ssl.SSLContext) -> None:
        super().__init__(
            client_id,
            client_secret,
            scope=scope,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            verify=tls,
            timeout=STEP_SECONDS_MAX,
        )

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Ask, and read no more of the answer than the bound."""
        answer = await super().send(request, **(options | {"stream": True}))
        content = b""
        try:
            async for piece in answer.aiter_bytes():
                content += piece
                if len(content) > ANSWER_BYTES_MAX:
                    raise ValueError(f"the answer has more than {ANSWER_BYTES_MAX} bytes")
        finally:
            await answer.aclose()
        headers = [(name, value) for name, value in answer.headers.multi_items() if name.lower() not in WIRE_HEADERS]
        return httpx2.Response(answer.status_code, headers=headers, content=content, request=request)

    async def read(self, url: str, *, as_client: bool = False) -> Any:
        """Answer the JSON at an address; `as_client` shows the token that was fetched."""
        answer = await self.request("GET", url, withhold_token=not as_client, headers={"Accept": "application/json"})
        answer.raise_for_status()
        return answer.json()


@asynccontextmanager
async def asking(name: str) -> AsyncIterator[None]:
    """Ask a provider: what fails is logged here, once, and said to the person in words."""
    try:
        async with asyncio.timeout(EXCHANGE_SECONDS_MAX):
            yield
    except AWAY as error:
        log.warning("%s does not answer sign-ins: %s: %r", name, type(error).__name__, str(error))
        raise Unavailable(
            f"{name} does not answer for now: try again in a minute, or sign in in another way", retry_after_seconds=60
        ) from error
    except NONSENSE as error:
        log.warning("%s's answer to a sign-in does not hold: %s: %r", name, type(error).__name__, str(error)[:500])
        raise Forbidden(
            f"the answer of {name} does not hold: sign in once more, or tell the operator of this server"
        ) from error


def not_verified(name: str) -> Forbidden:
    """Make the refusal of somebody whose email the provider has not verified."""
    return Forbidden(f"{name} does not say that your email is verified: verify it there, then sign in once more")
