"""What a server does every second outlives whatever it stumbles on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx2
import pytest

from conftest import Databases
from edge.test_streams import stream_of
from edge.wire import LEGACY, call_rest
from proofs.operators import until
from signalbox.config import load_settings
from signalbox.db.migrating import migrate
from signalbox.db.pool import Database
from support import ServerProcess, make_project, serving

SECONDS_MAX = 10


@pytest.fixture(scope="module")
def own_url(databases: Databases) -> str:
    """A database whose functions may be broken."""
    dsn = databases.create("beats")
    migrate(dsn)
    return dsn


@asynccontextmanager
async def without_function(operator: asyncpg.Connection[asyncpg.Record], name: str) -> AsyncIterator[None]:
    """Take a function away for as long as the block lasts."""
    await operator.execute(f"alter function {name} rename to {name}_gone")
    try:
        yield
    finally:
        await operator.execute(f"alter function {name}_gone rename to {name}")


async def until_logged(server: ServerProcess, text: str) -> None:
    async def said() -> bool:
        return text in server.log.read_text()

    await until(said)


async def test_streams_are_proved_and_heartbeats_written_after_something_unexpected(
    own_url: str, tmp_path: Path
) -> None:
    operator = await asyncpg.connect(own_url)
    async with Database(load_settings({}, database_url=own_url)) as database:
        project = await make_project(database)
        lead, agent, peer = [await project.join(name, lead=name == "lead") for name in ("lead", "claude-1", "codex-1")]
        with serving(own_url, tmp_path) as server:
            async with stream_of(LEGACY, server, agent) as said, httpx2.AsyncClient(base_url=server.url) as web:
                async with without_function(operator, "still_hold_v2"), without_function(operator, "touch_v2"):
                    await call_rest(web, agent.token, "whoami")
                    await until_logged(server, "open streams were not looked after")
                    await until_logged(server, "the heartbeats of a second are lost")
                await lead.call("admin_revoke", participant_name="claude-1")
                async with asyncio.timeout(SECONDS_MAX):
                    rest = [heard async for heard in said]
                await call_rest(web, peer.token, "whoami")

                async def peer_was_seen() -> bool:
                    return peer.actor in [row["actor"] for row in (await lead.call("who_is_active"))["active"]]

                await until(peer_was_seen)
    await operator.close()

    assert rest == []
