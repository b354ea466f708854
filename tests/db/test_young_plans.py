"""Plans of young tables: what a project writes before its tables have any statistics is found as well as later.

Until autovacuum has been there, PostgreSQL knows of a table only how long it is, and takes an index that serves a
statement badly for as good as the one that is made for it. What that costs is in the blocks it looks at: one row of a
plan may be found by walking through a whole index.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from anyio import to_thread

from conftest import Databases
from db.test_plans import run
from ledgers import Plans, Reader, blocks_read, make_long_project, nodes, reader_of, rows_read
from reading import Arguments, named
from signalbox.config import load_settings
from signalbox.db.migrating import migrate
from signalbox.db.pool import SERVER_SETTINGS, Database
from support import make_project

EVENTS = (10_000, 40_000)  # which index looks best depends on how long the tables are
PAGE = 20
BLOCKS_MAX = 6  # for a row found by key: the way down the index, and the row
SEEN = 5000  # how far the ledger was read
NO_AUTOVACUUM = """
    do $$
    declare
        one regclass;
    begin
        for one in select c.oid from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' loop
            execute format('alter table %s set (autovacuum_enabled = off)', one);
        end loop;
    end $$
"""

SINGLE_POSTS: list[tuple[str, Arguments]] = [
    ("inbox", {}),
    ("inbox", {"urgent_only": True}),
    ("read_posts", {"to_me": True}),
    ("read_posts", {"to_me": True, "unacked_only": True}),
    ("read_posts", {"to_me": True, "unacked_only": True, "to_lane": "lane-0"}),
    ("read_posts", {"to_me": True, "unacked_only": True, "tag": "tag-3"}),
    ("read_posts", {"to_me": True, "to_lane": "lane-0"}),
    ("read_posts", {"unacked_only": True}),
    ("read_posts", {"unacked_only": True, "to_lane": "lane-1"}),
    ("read_posts", {"to_lane": "lane-1"}),
    ("read_posts", {"post_id": 3}),
    ("sync", {}),
]
DIGESTS: list[dict[str, Any]] = [{"advance_cursor": False}, {}, {"redeliver": True}, {"after": 0}]


@pytest.fixture(scope="module", params=EVENTS)
async def reader(request: pytest.FixtureRequest, databases: Databases) -> AsyncIterator[Reader]:
    """An agent in a project with a history, in a database that nothing was ever analyzed in.

    Its connection is older than the history, as those of a server are, and remembers how flat the indexes were until it
    looks into them: what it plans first (here, the ledger's page) is planned for those.
    """
    dsn = await to_thread.run_sync(databases.create, f"young{request.param}")
    await to_thread.run_sync(migrate, dsn)
    owner = await asyncpg.connect(dsn)
    await owner.execute(NO_AUTOVACUUM)
    role = await owner.fetchval("select current_database() || '_app'")
    connection = await asyncpg.connect(dsn, server_settings={**SERVER_SETTINGS, "role": role})
    async with Database(load_settings({}, database_url=dsn)) as database:
        project = await make_project(database)
        first = await reader_of(connection, await project.join("first"))
        for tool in ("inbox", "sync"):
            await run(first, tool, {})
        for arguments in DIGESTS:
            await run(first, "whats_new", arguments)
        agents = await make_long_project(database, owner, request.param, project=project)
        await owner.execute(f"update cursors set seq = {SEEN}, page_seq = {SEEN - PAGE}")
        yield await reader_of(connection, agents[0])
    await connection.close()
    await owner.close()


@pytest.fixture(scope="module")
async def plans(reader: Reader) -> Plans:
    watched = Plans()
    await watched.watch(reader.connection)
    return watched


def on(table: str, seen: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answer the parts of plans that read a table."""
    return [node for plan in seen for node in nodes(plan["Plan"]) if node.get("Relation Name") == table]


@pytest.mark.parametrize("arguments", DIGESTS, ids=str)
async def test_a_page_of_the_ledger_is_all_that_is_read_of_it(
    arguments: dict[str, Any], reader: Reader, plans: Plans
) -> None:
    plans.take()
    await run(reader, "whats_new", {"limit": PAGE} | arguments)
    seen = plans.take()

    assert PAGE <= sum(rows_read(node) for node in on("events", seen)) <= 2 * PAGE


def dear(found: list[dict[str, Any]]) -> list[str]:
    """Name what looked at more blocks than its rows can be in."""
    return [
        f"{node.get('Index Name')}: {blocks_read(node)} blocks for {rows_read(node)} rows"
        for node in found
        if blocks_read(node) > BLOCKS_MAX * max(rows_read(node), node["Actual Loops"], 1)
    ]


@pytest.mark.parametrize(("tool", "arguments"), SINGLE_POSTS, ids=[named(*call) for call in SINGLE_POSTS])
async def test_posts_known_by_id_are_found_by_key(
    tool: str, arguments: dict[str, Any], reader: Reader, plans: Plans
) -> None:
    plans.take()
    await run(reader, tool, {"limit": PAGE} | arguments)
    seen = plans.take()

    found = on("posts", seen)

    assert {node["Index Name"] for node in found if "(post_id = " in node.get("Index Cond", "")} == {"posts_pkey"}
    assert dear(found) == []


async def test_posts_are_acked_by_key(reader: Reader, plans: Plans) -> None:
    posts = await reader.connection.fetch(
        "select post_id from deliveries where project_id = $1 and participation_id = $2 order by post_id desc limit 3",
        reader.who.project_id,
        reader.who.participation_id,
    )
    plans.take()
    await run(reader, "ack", {"post_ids": [row["post_id"] for row in posts]})
    seen = plans.take()

    scans = [node for node in on("deliveries", seen) + on("posts", seen) if node["Node Type"] != "ModifyTable"]
    assert len(scans) >= 2 * len(posts)
    assert dear(scans) == []
