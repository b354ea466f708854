"""Connections to the database: bound to a tenant, bounded in number, and back after they are lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit

import asyncpg
import httpx2
import pytest

from conftest import Databases
from edge.wire import call_rest, serving_here
from proofs.operators import HEADS, holding
from signalbox.config import Settings, load_settings
from signalbox.db.callers import STATEMENTS, Callers
from signalbox.db.migrating import migrate
from signalbox.db.pool import Database, open_pool
from signalbox.db.schema import COORDINATION, HIDDEN
from signalbox.domain import documents
from signalbox.errors import SetupError, Unauthenticated, Unavailable
from signalbox.identity import mint_token, token_hash
from support import Agent, Project, make_project

TENANT = sorted(COORDINATION - HIDDEN)
SECONDS_MAX = 10.0


@asynccontextmanager
async def connected_as_server(database_url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Connect as the server's pool does, on the role that row-level security binds."""
    database = urlsplit(database_url).path.removeprefix("/")
    connection = await asyncpg.connect(database_url, server_settings={"role": f"{database}_app", "timezone": "UTC"})
    try:
        yield connection
    finally:
        await connection.close()


LANES = """
    with invited as (
        insert into lane_invitations (project_id, lane, participation_id, invited_by, invited_at)
        values ($1, 'review', $2, 'somebody', now())
    ),
    known as (update participations set closed_lanes = array['@' || participation_id] where participation_id = $2),
    closed as (update projects set has_closed_lanes = true where project_id = $1)
    insert into lanes (project_id, lane, access, created_by, created_at, was_closed)
    values ($1, 'review', 'private', $2, now(), true)
"""


async def rows_seen(connection: asyncpg.Connection[asyncpg.Record]) -> dict[str, int]:
    return {table: await connection.fetchval(f"select count(*) from {table}") for table in TENANT}


@pytest.fixture
async def full(lead: Agent, agent: Agent, database_url: str) -> Agent:
    """An agent of a project that has a row in every table."""
    await agent.call("register", lane="backend", status="here")
    await lead.call("post", to_actor="claude-1", body="b")
    await agent.call("claim", sequence="adr", idempotency_key="k")
    await agent.call("lease", surface="src/**")
    await agent.call("task_create", title="t", owner="claude-1")
    await agent.call("task_start", task_id=1)
    await agent.call("task_block", task_id=1, reason="r")
    await agent.call("task_create", title="then", depends_on=[1])
    await agent.call("whats_new")
    await agent.call("editor_hook", event="SessionStart", session="s")
    await agent.call("reset_cursor", to=0)
    await lead.call("post", to_lanes=["backend", "docs"], body="b", ack_within_seconds=60)
    await lead.call("lease", surface="src/app.py", queue=True)
    async with Callers(agent.database).session(token_hash(agent.token)) as session:
        who = await session.who()
        values = {"project_id": who.project_id, "session_id": bytes(16), "expires_at": datetime.now(UTC)}
        await session.fetch(STATEMENTS["end_session"], STATEMENTS["end_session"].arguments(values))
        await documents.subscribe(session, who, bytes(16), "signalbox://inbox", datetime.now(UTC))
    connection = await asyncpg.connect(database_url)
    await connection.execute(LANES, who.project_id, who.participation_id)
    await connection.execute("insert into search_progress values ($1, 0)", who.project_id)
    await connection.close()
    return agent


async def test_every_tenant_table_is_bound_and_has_rows(database_url: str, full: Agent) -> None:
    connection = await asyncpg.connect(database_url)
    bound = await connection.fetch(
        "select relname from pg_class where relkind = 'r' and relrowsecurity and relforcerowsecurity"
    )
    seen = await rows_seen(connection)
    await connection.close()

    assert sorted(row["relname"] for row in bound) == TENANT
    assert all(seen.values()), seen
    assert full.token


@pytest.mark.usefixtures("full")
async def test_a_fresh_connection_sees_nothing(database_url: str) -> None:
    async with connected_as_server(database_url) as connection:
        unset = await rows_seen(connection)
        await connection.execute("select set_config('signalbox.project_ids', '', false)")
        empty = await rows_seen(connection)

    assert not any(unset.values()), unset
    assert not any(empty.values()), empty


async def test_a_connection_sees_its_tenant_until_an_authentication_fails(database_url: str, full: Agent) -> None:
    unknown = mint_token()[1]
    async with connected_as_server(database_url) as connection:
        good = await connection.fetch("select * from authenticate_v3($1, null)", token_hash(full.token))
        seen = await rows_seen(connection)
        mine = await connection.fetchval("select array_agg(distinct project_id) from events")
        bad = await connection.fetch("select * from authenticate_v3($1, null)", unknown)
        left = await rows_seen(connection)

    assert len(good) == 1
    assert all(seen.values()), seen
    assert mine == [good[0]["project_id"]]
    assert [row["project_id"] for row in bad] == [None]
    assert not any(left.values()), left


async def test_the_tenant_of_an_act_ends_with_its_transaction(database_url: str, full: Agent) -> None:
    async with connected_as_server(database_url) as connection:
        who = await full.principal()
        await connection.fetchval(
            "select claim_v1(($1, $2, $3, 'claim', null, null)::act_ref, 'adr', null)",
            who.project_id,
            who.participation_id,
            who.token_hash,
        )
        left = await rows_seen(connection)

    assert not any(left.values()), left


async def test_the_server_may_not_write_what_is_not_its_own(database_url: str, full: Agent, project: Project) -> None:
    assert full.token
    async with connected_as_server(database_url) as connection:
        await connection.execute("select set_config('signalbox.project_ids', $1::text, false)", str(project.project_id))
        for forbidden in (
            "update events set actor = 'x'",
            "delete from events",
            "update claims set number = 0",
            "delete from tokens",
            "delete from projects",
            "update alembic_version set version_num = '0'",
            "create table mine (a int)",
            "alter table events disable row level security",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await connection.execute("insert into ledgers (project_id) values ($1)", project.project_id + 1_000_000)


async def test_one_pooled_connection_serves_callers_of_two_projects_apart(
    settings: Settings, full: Agent, other_project: Project
) -> None:
    other = await other_project.join("other")
    async with Database(settings.model_copy(update={"pool_connections": 2})) as database:
        for token, expected in ((full.token, ["adr"]), (other.token, []), (mint_token()[0], None)) * 3:
            try:
                answer = await Agent(database, token, "").call("list_sequences")
                seen = [sequence["name"] for sequence in answer["sequences"]]
            except Unauthenticated:
                seen = None
            assert seen == expected


async def test_a_read_after_a_failed_authentication_sees_nothing(settings: Settings, full: Agent) -> None:
    async with Database(settings.model_copy(update={"pool_connections": 2})) as database:
        await Agent(database, full.token, "").call("whoami")
        with pytest.raises(Unauthenticated):
            async with Callers(database).session(mint_token()[1]) as session:
                await session.who()
        counts = [await database.pool.fetchval("select count(*) from events") for _ in range(2)]

    assert counts == [0, 0]


@pytest.fixture(scope="module")
def own_url(databases: Databases) -> str:
    """A database whose schema and roles may be changed."""
    dsn = databases.create("connections")
    migrate(dsn)
    return dsn


async def refusal_of(dsn: str) -> str:
    with pytest.raises(SetupError) as refused:
        await open_pool(dsn, load_settings({}, database_url=dsn))
    return str(refused.value)


async def test_a_database_without_a_schema_is_refused_by_the_command_that_makes_it(databases: Databases) -> None:
    dsn = await asyncio.to_thread(databases.create, "empty")

    assert "run `signalbox migrate`" in await refusal_of(dsn)


@pytest.mark.parametrize("revision", ["0000", "9999"])
async def test_a_schema_that_is_not_this_one_is_refused(own_url: str, revision: str) -> None:
    owner = await asyncpg.connect(own_url)
    present = await owner.fetchval("select version_num from alembic_version")
    await owner.execute("update alembic_version set version_num = $1", revision)
    try:
        refusal = await refusal_of(own_url)
    finally:
        await owner.execute("update alembic_version set version_num = $1", present)
        await owner.close()

    assert f"is at {revision}, this server needs {present}" in refusal
    assert "signalbox migrate" in refusal


@pytest.mark.parametrize("power", ["bypassrls", "superuser"])
async def test_a_role_that_could_look_past_row_security_is_refused(own_url: str, power: str) -> None:
    role = f"{urlsplit(own_url).path.removeprefix('/')}_app"
    owner = await asyncpg.connect(own_url)
    await owner.execute(f"alter role {role} {power}")
    try:
        refusal = await refusal_of(own_url)
    finally:
        await owner.execute(f"alter role {role} no{power}")
        await owner.close()

    assert f"the role {role} bypasses row-level security" in refusal


@pytest.mark.parametrize("dsn", ["postgresql://nobody@127.0.0.1:1/none", "postgresql://[", "nonsense"])
async def test_a_database_that_cannot_be_reached_is_refused(dsn: str) -> None:
    assert "cannot connect to the database" in await refusal_of(dsn)


async def test_a_full_pool_is_unavailable_within_its_bound_and_recovers(
    settings: Settings, database: Database, database_url: str
) -> None:
    projects = [await make_project(database) for _ in range(2)]
    agents = [await one.join("claude-1") for one in projects]
    small = settings.model_copy(update={"pool_connections": 2, "pool_wait_seconds": 0.3})
    async with serving_here(small) as web:
        async with holding(database_url, HEADS, [one.project_id for one in projects]):
            writing = [asyncio.create_task(call_rest(web, one.token, "claim", {"sequence": "adr"})) for one in agents]
            refused = await until_refused(web, agents[0])
        written = await asyncio.wait_for(asyncio.gather(*writing), SECONDS_MAX)
        after = await call_rest(web, agents[0].token, "whoami")

    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
    assert refused.headers["retry-after"] == "1"
    assert [answer.status_code for answer in written] == [200, 200]
    assert after.status_code == 200


async def until_refused(web: httpx2.AsyncClient, agent: Agent) -> httpx2.Response:
    """Ask until both connections are taken: the first asks may still be ahead of the writes."""
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        answer = await asyncio.wait_for(call_rest(web, agent.token, "whoami"), SECONDS_MAX)
        if answer.status_code != 200 or time.monotonic() > deadline:
            return answer


async def test_lost_connections_cost_one_answer_at_most_each(
    settings: Settings, agent: Agent, database_url: str
) -> None:
    async with Database(settings.model_copy(update={"pool_connections": 2})) as database:
        caller = Agent(database, agent.token, agent.actor)
        await caller.call("claim", sequence="adr")
        for place in range(3):
            pid = await database.pool.fetchval("select pg_backend_pid()")
            ender = await asyncpg.connect(database_url)
            assert await ender.fetchval("select pg_terminate_backend($1)", pid)
            await ender.close()
            with suppress(Unavailable):
                await asyncio.wait_for(caller.call("whoami"), SECONDS_MAX)
            answer = await asyncio.wait_for(caller.call("claim", sequence=f"after-{place}"), SECONDS_MAX)
            assert answer["number"] == 1
