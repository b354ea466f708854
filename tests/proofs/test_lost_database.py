"""Connections to the database that are lost: what was acknowledged is there, and repeating does everything once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from edge.wire import call_mcp, call_rest, serving_here
from proofs.dumb_proxy import DumbProxy
from proofs.figures import figure
from proofs.load import Load
from proofs.operators import until
from proofs.test_lost_answers import aside
from proofs.wire import wires
from signalbox.config import Settings
from signalbox.db import pool
from support import Agent, Project, ServerProcess, serving

WRITERS = 20
READERS = 10
ROUNDS = 6
WRITES_BETWEEN = 30
SILENT_SECONDS_MAX = 20

END_ALL = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and application_name = 'signalbox' and state = 'active'
"""


async def end_some(operator: asyncpg.Connection[Any]) -> int:
    """End the backends that are at work, once some are; answers how many."""
    ended = 0

    async def some() -> bool:
        nonlocal ended
        ended = await operator.fetchval(END_ALL)
        return bool(ended)

    await until(some)
    return ended


async def test_ended_backends_cost_nothing_but_repeated_calls(
    two_workers: ServerProcess, database_url: str, project: Project
) -> None:
    tokens = [(await project.join(f"agent-{number}")).token for number in range(WRITERS + READERS)]
    load = Load("adr")
    operator = await asyncpg.connect(database_url)
    ended = 0
    async with wires(two_workers, tokens) as connections:
        async with load.running(connections[:WRITERS], connections[WRITERS:]):
            for _ in range(ROUNDS):
                await load.until_more(WRITES_BETWEEN)
                ended += await end_some(operator)
            await load.until_more(WRITES_BETWEEN, READERS)
        await load.assert_all_was_done_once(connections[0])
    await operator.close()

    figure(f"{ended} backends ended under {sum(load.answers.values())} calls: {dict(load.answers)}")
    assert load.answers.keys() == {None, "unavailable"}


async def test_cut_connections_cost_nothing_but_repeated_calls(
    database_url: str, project: Project, tmp_path: Path
) -> None:
    tokens = [(await project.join(f"agent-{number}")).token for number in range(WRITERS + READERS)]
    load = Load("adr")
    cut = 0
    async with (
        DumbProxy(database_url) as proxy,
        aside(serving(proxy.dsn, tmp_path)) as server,
        wires(server, tokens) as connections,
    ):
        async with load.running(connections[:WRITERS], connections[WRITERS:]):
            for _ in range(ROUNDS):
                await load.until_more(WRITES_BETWEEN)
                cut += proxy.cut()
            await load.until_more(WRITES_BETWEEN, READERS)
        await load.assert_all_was_done_once(connections[0])

    figure(f"{cut} connections cut under {sum(load.answers.values())} calls: {dict(load.answers)}")
    assert load.answers.keys() == {None, "unavailable"}


@pytest.fixture
def impatient(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a server that waits for the database half a second where others wait for half a minute."""
    monkeypatch.setattr(pool, "STATEMENT_SECONDS_MAX", 0.5)
    monkeypatch.setattr(pool, "CANCEL_SECONDS_MAX", 0.2)
    return settings.model_copy(update={"pool_wait_seconds": 0.5})


@pytest.mark.parametrize("edge", ["rest", "mcp"])
async def test_a_database_that_falls_silent_is_unavailable_within_the_bound_and_serves_when_it_is_back(
    impatient: Settings, database_url: str, agent: Agent, edge: str
) -> None:
    async def call(web: httpx2.AsyncClient, tool: str, **arguments: str) -> Any:
        if edge == "rest":
            answer = await call_rest(web, agent.token, tool, arguments)
            return answer.json().get("error", {}).get("code")
        return (await call_mcp(web, agent.token, tool, arguments))["structuredContent"].get("code")

    async def both(web: httpx2.AsyncClient) -> list[Any]:
        return [await call(web, "whoami"), await call(web, "claim", sequence="adr", idempotency_key="k")]

    async with (
        DumbProxy(database_url) as proxy,
        serving_here(impatient.model_copy(update={"database_url": proxy.dsn})) as web,
        asyncio.timeout(SILENT_SECONDS_MAX),
    ):
        before = await both(web)
        proxy.leave()
        silent = await both(web)
        probes = [(await web.get(path)).status_code for path in ("/readyz", "/healthz")]
        proxy.come_back()
        cut = await both(web)  # a connection that has just been cut may cost one answer
        back = await both(web)

    assert before == back == [None, None]
    assert silent == ["unavailable", "unavailable"]
    assert set(cut) <= {None, "unavailable"}
    assert probes == [503, 200]
