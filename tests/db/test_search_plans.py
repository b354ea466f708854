"""Plans of search: it reads the index of words and a block of entries, however many posts there are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from domain.searching import EVENTS_MAX
from ledgers import Plans, Reader, make_long_posts, nodes, reader_of, rows_read
from signalbox.db.pool import SERVER_SETTINGS, Database
from signalbox.domain import search
from signalbox.domain.indexing import sql
from signalbox.domain.search import SearchArgs, find

POSTS = 6000
BLOCK = 1024
TABLES = {"search_entries", "events", "posts", "tasks"}


@pytest.fixture(scope="module")
async def reader(database: Database, database_url: str) -> AsyncIterator[Reader]:
    """The author of many posts, on a connection like the server's but for the plans."""
    owner = await asyncpg.connect(database_url)
    agent = await make_long_posts(database, owner, POSTS)
    who = await agent.principal()
    while await owner.fetchval(sql.index_search.text, [who.project_id], EVENTS_MAX):
        pass
    await owner.execute("analyze search_entries")
    role = await owner.fetchval("select current_database() || '_app'")
    await owner.close()
    connection = await asyncpg.connect(database_url, server_settings={**SERVER_SETTINGS, "role": role})
    yield await reader_of(connection, agent)
    await connection.close()


@pytest.mark.parametrize(
    ("asked", "found", "rows_max"),
    [
        ({"query": "deploy"}, 10, BLOCK),
        ({"query": "-deploy"}, 10, BLOCK),
        ({"query": "zebra or -deploy"}, 10, BLOCK),
        ({"query": "kumquat"}, 6, 20),
        ({"query": "zebra"}, 3, 20),
        ({"query": "quagga"}, 0, 0),
        ({"query": "deploy rollback"}, 0, 0),
        ({"query": "deploy", "tag": "tag-7"}, 0, 0),
        ({"query": "deploy", "ref": "PR-40"}, 10, 40),
        ({"query": "deploy", "thread": 41}, 2, 20),
        ({"query": "src/module17/app.py"}, 4, 20),
        ({"query": '"py app"'}, 0, search.LOOKS_MAX + BLOCK),
    ],
    ids=str,
)
async def test_a_search_reads_words_and_no_more_than_a_block(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], found: int, rows_max: int
) -> None:
    monkeypatch.setattr(search, "LOOKING_SECONDS", 60)
    plans = Plans()
    await plans.watch(reader.connection)
    hits = await find(reader, reader.who, SearchArgs.model_validate(asked))
    await plans.stop(reader.connection)
    ran = [node for plan in plans.take() for node in nodes(plan["Plan"])]
    read = [
        (node["Node Type"], node["Relation Name"], rows_read(node))
        for node in ran
        if node.get("Relation Name") in TABLES
    ]
    words = {node["Index Cond"].count("@@") for node in ran if node.get("Index Name") == "search_entries_by_word"}

    assert len(hits.hits) == found
    assert [node for node in read if node[0] == "Seq Scan"] == []
    assert sum(rows for _, table, rows in read if table == "search_entries") <= rows_max + search.RANKED_MAX
    assert sum(rows for _, table, rows in read if table != "search_entries") <= 100
    assert any(node[0] == "Bitmap Heap Scan" and node[1] == "search_entries" for node in read)
    assert words == {2}
