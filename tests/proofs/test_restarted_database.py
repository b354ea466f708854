"""A database that goes away under load and comes back: the server lives on, and loses and repeats nothing."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from edge.listening import stream
from edge.test_streams import stream_of
from edge.wire import LEGACY, MODERN
from proofs.cluster import Cluster, cluster
from proofs.figures import figure
from proofs.load import Load
from proofs.operators import until
from proofs.processes import data_directory
from proofs.test_lost_answers import aside
from proofs.wire import wires
from signalbox.config import load_settings
from signalbox.db.migrating import migrate
from signalbox.db.pool import Database
from support import Project, make_project, serving

WRITERS = 20
READERS = 10
ANSWER_SECONDS_MAX = 10


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Cluster]:
    """A PostgreSQL that may be stopped, with everything in place."""
    with data_directory() as directory:
        async with cluster(directory) as started:
            await asyncio.to_thread(migrate, started.dsn)
            yield started


async def until_probe(web: httpx2.AsyncClient, path: str, status: int) -> None:
    """Wait until a probe answers so."""

    async def answers() -> bool:
        return (await web.get(path)).status_code == status

    await until(answers)


async def restart_under_load(running: Cluster, web: httpx2.AsyncClient, load: Load, how: signal.Signals) -> None:
    """End the database in the middle of the load, let callers be refused for a while, and start it again."""
    await load.until_more(20, 10)
    running.end(how)
    await until_probe(web, "/readyz", 503)
    assert (await web.get("/healthz")).status_code == 200
    await load.until_refused(40)
    await running.start()
    await until_probe(web, "/readyz", 200)
    await load.until_more(20, 10)


async def test_a_database_restarted_under_load_costs_nothing_but_repeated_calls(
    running: Cluster, tmp_path: Path
) -> None:
    """Stopped fast, stopped at once, and killed; with streams open, which are proved again afterwards."""
    async with Database(load_settings({}, database_url=running.dsn)) as database:
        project = await make_project(database)
        agents = [await project.join(f"agent-{number}") for number in range(WRITERS + READERS)]
        listeners = [await project.join(f"listener-{number}") for number in range(3)]
    load = Load("adr")
    async with (
        aside(serving(running.dsn, tmp_path, SIGNALBOX_POOL_WAIT_SECONDS="2")) as server,
        httpx2.AsyncClient(base_url=server.url, timeout=ANSWER_SECONDS_MAX) as web,
        wires(server, [agent.token for agent in agents]) as connections,
    ):
        async with (
            stream_of(MODERN, server, listeners[0]) as modern,
            stream_of(LEGACY, server, listeners[1]) as legacy,
            stream(f"{server.url}/api/events", listeners[2].headers, silence_seconds_max=60) as ledger,
            load.running(connections[:WRITERS], connections[WRITERS:]),
        ):
            for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                await restart_under_load(running, web, load, how)
            async with Database(load_settings({}, database_url=running.dsn)) as database:
                again = Project(database, project.owner)
                lead, *_ = [await again.join(name, lead=True) for name in ("lead", "listener-0", "listener-1")]
                head = (await lead.call("whats_new"))["head"]
                async with asyncio.timeout(ANSWER_SECONDS_MAX):
                    followed = [int((await anext(ledger)).id)]
                    while followed[-1] < head:
                        followed.append(int((await anext(ledger)).id))
                    heard_after = [(await anext(one))["method"] for one in (modern, legacy)]
                for listener in listeners:
                    await lead.call("admin_revoke", participant_name=listener.actor)
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                rests = [[heard.get("id") async for heard in one] for one in (modern, legacy)]
        await load.assert_all_was_done_once(connections[0])
        assert server.process.poll() is None

    figure(f"{sum(load.answers.values())} calls: {dict(load.answers)}; the slowest {load.slowest_seconds:.2f} s")
    assert load.answers.keys() == {None, "unavailable"}
    assert load.slowest_seconds < ANSWER_SECONDS_MAX
    assert heard_after == ["notifications/tools/list_changed"] * 2  # on the streams that were open all the while
    assert rests == [[7], []]
    assert followed == list(range(followed[0], head + 1))  # the ledger, too, on one connection
