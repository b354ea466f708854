"""A caller that only reads: no transaction that writes, but the coarse marks of when it was seen."""

from __future__ import annotations

import asyncpg
import pytest
from anyio import to_thread

from conftest import Databases
from proofs.furnished import furnish
from signalbox.catalog import CATALOG
from signalbox.config import load_settings
from signalbox.db.migrating import migrate
from signalbox.db.pool import Database
from signalbox.domain.presence import Heartbeats
from signalbox.tool import Effect
from support import make_project

NEXT_TRANSACTION = "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint"  # which takes no number itself
READS = [tool for tool in CATALOG if tool.effect is Effect.READS]


@pytest.fixture(scope="module")
def own_url(databases: Databases) -> str:
    """A database in which nobody else writes."""
    dsn = databases.create("reads")
    migrate(dsn)
    return dsn


async def test_reads_take_no_transaction_number_and_heartbeats_one_in_fifteen_seconds(own_url: str) -> None:
    operator = await asyncpg.connect(own_url)
    await operator.execute("alter database " + own_url.rsplit("/", 1)[1].split("?")[0] + " set autovacuum_naptime = '1d'")
    async with Database(load_settings({}, database_url=own_url)) as database:
        mine = await furnish(await make_project(database))
        await mine.lead.call("whats_new", limit=500)  # moves the cursor to the end
        counts = [await operator.fetchval(NEXT_TRANSACTION)]
        for tool in READS:
            for _ in range(3):
                await mine.lead.call(tool.name, **mine.arguments(tool))
        counts.append(await operator.fetchval(NEXT_TRANSACTION))
        heartbeats = Heartbeats()
        for _ in range(3):
            heartbeats.saw(await mine.lead.principal())
            await heartbeats.flush(database)
        counts.append(await operator.fetchval(NEXT_TRANSACTION))
    await operator.close()

    assert counts[1] == counts[0]
    assert counts[2] > counts[1]


@pytest.mark.usefixtures("own_url")
async def test_every_reading_tool_was_called() -> None:
    assert {tool.name for tool in READS} >= {"whoami", "whats_new", "read_posts", "query_events", "list_tasks"}
    assert await to_thread.run_sync(len, READS) > 8
