"""What anybody may ask: whether the server lives, whether it is ready, what it is."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlsplit

import asyncpg
import httpx2
import pytest

from conftest import Databases
from edge.wire import assert_leaks_nothing, bearer, serving_here
from signalbox import __version__, wheel
from signalbox.config import Settings, load_settings
from signalbox.db.migrating import migrate
from signalbox.db.pool import schema_head
from signalbox.identity import mint_token
from support import Agent, Project


@pytest.fixture(scope="module")
def own_url(databases: Databases) -> str:
    """A database that may be broken."""
    dsn = databases.create("health")
    migrate(dsn)
    return dsn


async def test_alive_says_what_and_which(web: httpx2.AsyncClient) -> None:
    answer = await web.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"ok": True, "service": "signalbox", "version": __version__})


async def test_ready_says_that_the_database_answers(web: httpx2.AsyncClient) -> None:
    answer = await web.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"ok": True, "service": "signalbox"})


async def test_ready_follows_the_schema_and_the_database(own_url: str, cluster_dsn: str) -> None:
    name = urlsplit(own_url).path.removeprefix("/")
    secret, _ = mint_token()
    own = load_settings({}, database_url=own_url, pool_wait_seconds=1.0)
    async with serving_here(own) as web:
        before = await web.get("/readyz")
        owner = await asyncpg.connect(own_url)
        await owner.execute("update alembic_version set version_num = '0000'")
        behind = await web.get("/readyz")
        await owner.execute("update alembic_version set version_num = $1", schema_head())
        again = await web.get("/readyz")
        await owner.close()
        operator = await asyncpg.connect(cluster_dsn)
        await operator.execute(f"drop database {name} with (force)")
        await operator.close()
        gone = await web.get("/readyz")
        alive = await web.get("/healthz")
        called = await web.post("/api/tools/whoami", headers=bearer(secret))

    assert [answer.status_code for answer in (before, behind, again, gone)] == [200, 503, 200, 503]
    assert gone.json() == {"ok": False, "service": "signalbox"}
    assert alive.status_code == 200
    assert (called.status_code, called.json()["error"]["code"]) == (503, "unavailable")
    assert called.headers["retry-after"] == "1"
    assert_leaks_nothing(called.text, name, "does not exist")


async def test_the_landing_page_says_what_this_is_and_nothing_private(
    web: httpx2.AsyncClient, project: Project, agent: Agent, settings: Settings
) -> None:
    await agent.call("post", to_lane="private-lane", body="private-body")

    answer = await web.get("/")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f"{settings.base_url}/mcp" in answer.text
    assert_leaks_nothing(answer.text.replace("PostgreSQL", ""), project.handle, "claude-1", "private", agent.token)
    assert str(settings.database_url) not in answer.text


async def test_the_landing_page_needs_nothing_that_its_policy_forbids(web: httpx2.AsyncClient) -> None:
    answer = await web.get("/")

    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:|<img|<iframe|<form", answer.text, re.IGNORECASE)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    linked = re.findall(r'<link rel="stylesheet" href="([^"]+)"', answer.text)
    assert linked == ["/style.css"]
    style = await web.get(linked[0])
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert not re.search(r"@import|url\(", style.text)


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/style.css", "/api/openapi.json"])
async def test_reading_is_all_there_is(web: httpx2.AsyncClient, path: str) -> None:
    answer = await web.post(path)

    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "http_405")
    assert (await web.head(path)).status_code == 200


async def test_asking_often_whether_it_is_ready_takes_nothing_from_callers(settings: Settings, agent: Agent) -> None:
    small = settings.model_copy(update={"pool_connections": 2, "pool_wait_seconds": 5.0})
    async with serving_here(small) as web:
        asked = asyncio.gather(*(web.get("/readyz") for _ in range(30)))
        statuses = {answer.status_code for answer in await asyncio.wait_for(asked, 10)}
        called = await asyncio.wait_for(web.post("/api/tools/whoami", headers=agent.headers), 10)

    assert statuses == {200}
    assert called.status_code == 200


async def test_the_program_is_there_for_whoever_has_no_checkout(web: httpx2.AsyncClient) -> None:
    answer = await web.get(f"/kit/{wheel.file_name()}")
    other = await web.get("/kit/signalbox-0.0.1-py3-none-any.whl")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.content == wheel.content()
    assert other.status_code == 404
    assert wheel.file_name() in other.json()["error"]["message"]
