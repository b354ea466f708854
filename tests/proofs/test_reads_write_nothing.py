"""A caller that only reads causes no write: its calls do in transactions that may not."""

from __future__ import annotations

import pytest

from proofs.furnished import furnish
from signalbox.catalog import CATALOG
from signalbox.config import Settings
from signalbox.db.pool import Database
from signalbox.domain.presence import Heartbeats
from signalbox.errors import Unavailable
from signalbox.tool import Effect
from support import Agent, Project

READS = [tool for tool in CATALOG if tool.effect is Effect.READS]


async def test_what_reads_needs_no_transaction_that_may_write(settings: Settings, project: Project) -> None:
    """Not even a row is locked. Heartbeats, which write, do so once in 15 seconds (test_presence.py)."""
    mine = await furnish(project)
    heartbeats = Heartbeats()
    heartbeats.saw(await mine.lead.principal())
    await mine.lead.call("whats_new", limit=500)  # up to the end: from here on there is nothing new
    while await mine.lead.call("editor_hook", **mine.arguments(CATALOG.tools["editor_hook"])):
        pass  # likewise, what a session's hook has to show
    assert settings.database_url is not None
    read_only = settings.database_url + "&options=-c%20default_transaction_read_only%3Don"
    async with Database(settings.model_copy(update={"database_url": read_only})) as database:
        reader = Agent(database, mine.lead.token, mine.lead.actor)
        for tool in READS:
            await reader.call(tool.name, **mine.arguments(tool))
        with pytest.raises(Unavailable):
            await reader.call("claim", sequence="adr")
        with pytest.raises(Unavailable):
            await heartbeats.flush(database)

    assert len(READS) > 8
