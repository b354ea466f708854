"""Row-level security: with the tenant filter taken out of every statement, still nothing of another project.

The functions of a database of its own, and the statements of this process, lose every `project_id = …`; then every
tool is called in one project while another one is full of marked rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator

import asyncpg
import pytest
from anyio import to_thread

from calling import CALLS, MARK
from conftest import Databases
from domain.looking import looking
from domain.managing import read
from reading import pages
from signalbox import paths
from signalbox.catalog import CATALOG
from signalbox.config import load_settings
from signalbox.db.migrating import migrate
from signalbox.db.pool import Database
from signalbox.db.statements import Statement
from signalbox.domain import (
    board,
    claims,
    events,
    exports,
    inboxes,
    invites,
    lanes,
    leases,
    members,
    participants,
    posts,
    presence,
    queues,
    receipts,
    search,
    syncs,
    tasks,
    threads,
    tokens,
    waits,
)
from signalbox.domain.claims import ClaimsArgs
from signalbox.domain.leases import LeasesArgs
from signalbox.errors import Refusal
from support import Agent, Project, make_project

# j is projects and i is invites, control tables without a tenant policy: rows there are found by id or by hash.
FILTER = re.compile(r"(?:\b(?![ji]\.)\w+\.|(?<![\w.]))project_id = (?::project_id|\$\d+|\w+(?:\.\w+)?)")

MODULES = (
    board,
    claims,
    events,
    exports,
    inboxes,
    lanes,
    leases,
    members,
    participants,
    posts,
    presence,
    receipts,
    search,
    tasks,
    threads,
    tokens,
    queues,
    syncs,
    waits,
)


@pytest.fixture(scope="module")
async def stripped_url(databases: Databases) -> str:
    """A database whose functions name no tenant."""
    dsn: str = await to_thread.run_sync(databases.create, "stripped")
    await to_thread.run_sync(migrate, dsn)
    connection = await asyncpg.connect(dsn)
    stripped = 0
    for path in sorted(paths.FUNCTIONS.glob("*_v[0-9].sql")):
        source, count = FILTER.subn("true", path.read_text(encoding="utf-8"))
        stripped += count
        await connection.execute(source.replace("create function", "create or replace function", 1))
    await connection.close()
    assert stripped > 40
    return dsn


@pytest.fixture
async def stripped(stripped_url: str) -> AsyncIterator[Database]:
    async with Database(load_settings({}, database_url=stripped_url)) as opened:
        yield opened


@pytest.fixture
def stripped_statements(monkeypatch: pytest.MonkeyPatch) -> int:
    """Take the tenant out of the statements of this process, too."""
    count = 0
    for module in MODULES:
        for name, statement in list(module.sql.by_name.items()):
            text, found = FILTER.subn("(true or $1::bigint is null)", statement.text)
            count += found
            monkeypatch.setitem(module.sql.by_name, name, Statement(name, text, statement.parameters))
    return count


async def fill(project: Project, mark: str) -> tuple[Agent, Agent]:
    """Leave rows with a mark in every table of a project."""
    lead = await project.join("lead", lead=True)
    worker = await project.join("worker", lane="backend")
    await worker.call("register", lane="backend", status=mark)
    await lead.call("post", to_lane="backend", to_actor="worker", subject=mark, body=mark, ref=mark, tag=mark)
    await lead.call("post", to_lane="empty", body=mark)
    await lead.call("post", to_lanes=["backend", "empty"], body=mark, kind="question", ack_within_seconds=600)
    await worker.call("ack", post_id=1, note=mark)
    await worker.call("claim", sequence="adr", note=mark, idempotency_key=mark)
    await worker.call("lease", surface=f"src/{mark}/**", note=mark)
    for title in ("one", "two"):
        await lead.call("task_create", title=f"{title} {mark}", detail=mark, owner="worker", lane="backend")
    await worker.call("task_start", task_id=1)
    await worker.call("task_block", task_id=1, reason=mark, on=2)
    await lead.call("task_create", title=mark, depends_on=[2], ref=mark)
    await lead.call("lease", surface=f"src/{mark}", queue=True)
    await worker.call("whats_new")
    await worker.call("reset_cursor", to=1)
    return lead, worker


async def end_a_session(dsn: str, project_id: int) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "insert into ended_sessions values ($1, $2, clock_timestamp() + interval '1 hour')", project_id, bytes(16)
    )
    await connection.execute("insert into lanes values ($1, 'review', 'private', $2, 1, now(), true)", project_id, MARK)
    await connection.execute("insert into lane_invitations values ($1, 'review', 1, $2, now())", project_id, MARK)
    await connection.execute("insert into search_progress values ($1, 0)", project_id)
    await connection.execute("insert into hook_sessions values ($1, 1, $2, 1, 1, now())", project_id, bytes(32))
    await connection.execute(
        "insert into listening_sessions values ($1, $2, 1, '{}', $3, null, clock_timestamp() + interval '1 hour')",
        project_id,
        bytes(16),
        MARK,
    )
    await connection.close()


async def dump(dsn: str, project_id: int) -> dict[str, list[str]]:
    """Read every row of a project, past row security."""
    connection = await asyncpg.connect(dsn)
    tables = await connection.fetch("select relname from pg_class where relforcerowsecurity order by 1")
    everything = {}
    for (table,) in tables:
        rows = await connection.fetch(f"select to_jsonb(t)::text from {table} t where project_id = $1", project_id)
        everything[table] = sorted(row[0] for row in rows)
    await connection.close()
    return everything


def test_every_tool_is_called_here() -> None:
    assert set(CALLS) == set(CATALOG.tools)


async def lists_of(agent: Agent) -> str:
    """Read every list that is no tool."""
    lists = (
        await read(agent, members.list_members),
        await read(agent, tokens.list_project_tokens),
        await read(agent, invites.list_invites),
        *[await read(agent, leases.list_leases, LeasesArgs(include_over=over)) for over in (True, False)],
        *[
            await read(agent, leases.list_leases, LeasesArgs(include_over=over, surface=f"src/{MARK}/**"))
            for over in (True, False)
        ],
        await read(agent, claims.list_claims, ClaimsArgs(sequence="adr")),
    )
    return str(lists)


async def answers(agent: Agent) -> dict[str, str]:
    """Call every tool; a refusal is an answer too."""
    heard = {}
    for tool, arguments in CALLS.items():
        try:
            heard[tool] = json.dumps(await agent.call(tool, **arguments))
        except Refusal as refusal:
            heard[tool] = json.dumps(refusal.as_json())
    return heard


PAGES = pages(lane="backend", post_id=1)


async def seen_by_pages(mine: Project, *names: str) -> dict[str, str]:
    """Read what only pages read, as the owner of a project; a refusal is an answer too."""
    async with looking(mine.database, mine.project_id) as page:
        owner_id = await page.connection.fetchval("select owner_id from owners where handle = $1", mine.handle)
        seen = {}
        for name in names:
            try:
                seen[name] = repr(await PAGES[name](page, mine.owner, owner_id))
            except Refusal as refusal:
                seen[name] = json.dumps(refusal.as_json())
        return seen


async def test_without_any_tenant_filter_no_page_shows_another_project(
    stripped: Database, stripped_statements: int
) -> None:
    other, mine = await make_project(stripped), await make_project(stripped)
    await fill(other, MARK)
    empty = await seen_by_pages(mine, *PAGES)
    await fill(mine, "of-mine")
    filled = await seen_by_pages(mine, *PAGES)

    for seen in (empty, filled):
        assert {name for name, text in seen.items() if MARK in text or other.handle in text} == set()
    assert "of-mine" in filled["board"]
    assert stripped_statements


async def test_without_any_tenant_filter_no_tool_shows_or_touches_another_project(
    stripped: Database, stripped_url: str, stripped_statements: int
) -> None:
    other = await make_project(stripped)
    await fill(other, MARK)
    await end_a_session(stripped_url, other.project_id)
    before = await dump(stripped_url, other.project_id)
    mine = await make_project(stripped)
    lead = await mine.join("lead", lead=True)
    await mine.join("worker")
    shown = await lists_of(lead)
    heard = await answers(lead)

    assert stripped_statements > 20
    assert [table for table, rows in before.items() if not rows] == []
    assert MARK not in shown
    assert other.handle not in shown
    assert {tool for tool, answer in heard.items() if MARK in answer or other.handle in answer} == set()
    assert await dump(stripped_url, other.project_id) == before


async def test_the_check_above_can_fail(stripped: Database, stripped_url: str, stripped_statements: int) -> None:
    """With the policies off, the same statements show the other project: the filter was really taken out."""
    other = await make_project(stripped)
    await fill(other, MARK)
    mine = await make_project(stripped)
    await fill(mine, "of-mine")
    lead = await mine.join("lead", lead=True)
    connection = await asyncpg.connect(stripped_url)
    tables = [row[0] for row in await connection.fetch("select relname from pg_class where relforcerowsecurity")]
    for table in tables:
        await connection.execute(f"alter table {table} disable row level security")
    try:
        shown = {
            tool
            for tool in ("query_events", "read_posts", "who_holds", "list_tasks", "whats_new")
            if MARK in json.dumps(await lead.call(tool, **CALLS[tool]))
        }
        on_page = await seen_by_pages(mine, "export_lane")
    finally:
        for table in tables:
            await connection.execute(f"alter table {table} enable row level security")
        await connection.close()

    assert shown == {"query_events", "read_posts", "who_holds", "list_tasks", "whats_new"}
    assert MARK in on_page["export_lane"]
    assert stripped_statements
