"""A signed-in owner with a browser."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import httpx2
import pytest
from starlette.applications import Starlette

from edge.admin.browsing import BrowserOf, make_owner
from edge.admin.providing import CLIENT_ID, CLIENT_SECRET, Knobs, OpenIDServer
from edge.admin.team import Team, make_team
from signalbox.app import create_app
from signalbox.config import Settings
from signalbox.db.pool import Database
from signalbox.domain.owners import OwnerRow
from signalbox.edge.admin.providers import Provider


@pytest.fixture
async def owner(database: Database) -> OwnerRow:
    return await make_owner(database, f"owner-{secrets.token_hex(6)}")


@pytest.fixture
async def visitor(app: Starlette, database: Database, settings: Settings) -> AsyncIterator[BrowserOf]:
    """A browser of somebody who is not signed in."""
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=settings.base_url) as client:
        yield BrowserOf(client, database)


@pytest.fixture
async def browser(visitor: BrowserOf, owner: OwnerRow) -> BrowserOf:
    """The owner's browser, signed in."""
    page = await visitor.sign_in(owner.email)
    assert page.status_code == 200, page.text
    return visitor


@pytest.fixture
async def team(browser: BrowserOf, owner: OwnerRow) -> Team:
    """A project of the browser's owner, with two agents."""
    return await make_team(browser, owner)


class Visiting(Protocol):
    """Opens a browser on a server that is set up in another way."""

    def __call__(
        self, providers: dict[str, Provider] | None = None, **given: Any
    ) -> AbstractAsyncContextManager[BrowserOf]: ...


@pytest.fixture
def visiting(database: Database, settings: Settings) -> Visiting:
    @asynccontextmanager
    async def open_browser(providers: dict[str, Provider] | None = None, **given: Any) -> AsyncIterator[BrowserOf]:
        own = Settings.model_validate(settings.model_dump() | given)
        app = create_app(own, providers)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=own.base_url) as client,
        ):
            yield BrowserOf(client, database)

    return open_browser


@pytest.fixture(scope="session")
def running_openid() -> Iterator[OpenIDServer]:
    with OpenIDServer().running() as provider:
        yield provider


@pytest.fixture
def openid(running_openid: OpenIDServer) -> OpenIDServer:
    """An OpenID provider that does everything right, until a test says otherwise."""
    email = f"user-{secrets.token_hex(6)}@example.org"
    running_openid.knobs = Knobs(claims={"sub": secrets.token_hex(8), "email": email, "email_verified": True})
    running_openid.asked.clear()
    return running_openid


@pytest.fixture
def openid_settings(openid: OpenIDServer) -> dict[str, Any]:
    return {"oidc_issuer": openid.url, "oidc_client_id": CLIENT_ID, "oidc_client_secret": CLIENT_SECRET}
