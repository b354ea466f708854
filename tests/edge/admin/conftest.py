"""A signed-in owner with a browser."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.applications import Starlette

from edge.admin.browsing import BrowserOf, make_owner
from edge.admin.team import Team, make_team
from signalbox.config import Settings
from signalbox.db.pool import Database
from signalbox.domain.owners import OwnerRow


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
