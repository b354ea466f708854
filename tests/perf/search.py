"""How fast search is in one project of 1,000,000 posts, and in a small one beside it; and what indexing costs.

    .venv/bin/python tests/perf/search.py [--posts 1000000] [--rounds 50] [--only phrase] [--plans]

Makes both projects on an embedded PostgreSQL of its own, indexes them as the server does (minutes, all in all), then
runs each search in turns in both, on one connection of the server's role. Prints how many milliseconds of one core an
event took to index, and of each search the median, the 95th percentile and how many it found (+: there may be more).
`--plans` prints how the big project's index was read. Not part of the test run.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg

sys.path.insert(0, str(Path(__file__).parent.parent))

from ledgers import Plans, Reader, make_long_posts, nodes, reader_of, rows_read
from perf.bench import cpu_seconds, postgres
from signalbox.config import load_settings
from signalbox.db.pool import SERVER_SETTINGS, Database
from signalbox.domain.indexing import INDEXED_MAX, sql
from signalbox.domain.search import SearchArgs, find
from support import Agent

SMALL = 1000
WARM_ROUNDS = 3

SEARCHES: dict[str, dict[str, Any]] = {
    "nothing": {"query": "quagga"},
    "three posts": {"query": "zebra"},
    "rare": {"query": "kumquat"},
    "common": {"query": "retries"},
    "in half of all": {"query": "deploy"},
    "two common words": {"query": "deploy retries"},
    "common and rare": {"query": "deploy kumquat"},
    "or": {"query": "kumquat or zebra"},
    "without": {"query": "deploy -retries"},
    "without only": {"query": "-deploy"},
    "two that hardly meet": {"query": "deploy rollback"},
    "phrase": {"query": '"deploy retried"'},
    "path": {"query": "src/module17/app.py"},
    "phrase that is nowhere": {"query": '"py app"'},
    "common by ref": {"query": "deploy", "ref": "PR-40"},
    "common by tag": {"query": "deploy", "tag": "tag-7"},
    "common by lane": {"query": "deploy", "lane": "lane-3"},
    "common in a thread": {"query": "deploy", "thread": 41},
    "rare by lane": {"query": "kumquat", "lane": "lane-0"},
    "common, long ago": {"query": "deploy", "until": "2026-01-01"},
    "next page": {"query": "deploy", "cursor": "900.10"},
    "50 of them": {"query": "deploy", "limit": 50},
    "100 words": {"query": " or ".join(f"w{letter}{other}" for letter in "bcdefghij" for other in "abcdefghij")},
}

write = sys.stdout.write


async def index(database: Database, owner: asyncpg.Connection[Any], agent: Agent) -> None:
    """Index a project, and print what an event took; and what it takes the newest one by one, as in their acts."""
    project_id = (await agent.principal()).project_id
    head = await owner.fetchval("select head from ledgers where project_id = $1", project_id)
    for events, together in ((head, INDEXED_MAX), (SMALL, 1)):
        place = (project_id, head - events)
        await owner.execute("delete from search_entries where project_id = $1 and seq > $2", *place)
        await owner.execute("insert into search_progress values ($1, $2) on conflict do nothing", *place)
        await owner.execute("update search_progress set seq = $2 where project_id = $1", *place)
        async with database.connection() as connection:
            pid = await connection.fetchval("select pg_backend_pid()")
            before, start = cpu_seconds(pid), time.perf_counter()
            while await connection.fetchval(sql.index_search.text, [project_id], together):
                pass
            cpu, wall = cpu_seconds(pid) - before, time.perf_counter() - start
        each = f"{cpu / events * 1e6:.0f} us CPU, {wall / events * 1e6:.0f} us each"
        write(f"{events} events, {together} together: {each}\n")


def show_plans(plans: list[dict[str, Any]]) -> None:
    """Print what PostgreSQL did: each node with what it read."""
    for plan in plans:
        if "search_entries" in plan["Query Text"]:
            for node in nodes(plan["Plan"]):
                where = node.get("Index Name") or node.get("Relation Name") or ""
                write(f"        {node['Node Type']} {where} rows read {rows_read(node)}\n")


async def measure(options: argparse.Namespace, dsn: str) -> None:
    """Make both projects and search them."""
    owner = await asyncpg.connect(dsn)
    async with Database(load_settings({}, database_url=dsn)) as database:
        agents = [await make_long_posts(database, owner, total) for total in (SMALL, options.posts)]
        for agent in agents:
            await index(database, owner, agent)
        await owner.execute("vacuum analyze")
        sizes = await owner.fetchrow(
            "select pg_size_pretty(pg_relation_size('posts')), pg_size_pretty(pg_relation_size('search_entries')), "
            "pg_size_pretty(pg_relation_size('search_entries_by_word'))"
        )
        assert sizes is not None
        write("posts {}, search_entries {}, its index {}\n".format(*sizes))
        role = {**SERVER_SETTINGS, "role": "signalbox_app"}
        connection = await asyncpg.connect(dsn, server_settings=role, max_cached_statement_lifetime=0)
        readers = [Reader(connection, (await reader_of(connection, agent)).who) for agent in agents]
        await compare(options, *readers)
        await connection.close()
    await owner.close()


async def compare(options: argparse.Namespace, small: Reader, big: Reader) -> None:
    """Run the searches in turns in both projects, and print a row of each."""
    plans = Plans()
    write(f"{'milliseconds':<26}{SMALL:>9}{'95 %':>9}{options.posts:>9}{'95 %':>9}{'found':>7}\n")
    for name, arguments in SEARCHES.items():
        if options.only not in name:
            continue
        times: dict[int, list[float]] = {small.who.project_id: [], big.who.project_id: []}
        found = ""
        for _ in range(options.rounds + WARM_ROUNDS):
            for reader in (small, big):
                await reader.connection.execute(f"set signalbox.project_ids = '{reader.who.project_id}'")
                start = time.perf_counter()
                hits = await find(reader, reader.who, SearchArgs.model_validate(arguments))
                times[reader.who.project_id].append((time.perf_counter() - start) * 1000)
                found = f"{len(hits.hits)}{'+' if hits.cursor else ''}"
        kept = [each[WARM_ROUNDS:] for each in times.values()]
        row = [value for each in kept for value in (statistics.median(each), statistics.quantiles(each, n=20)[-1])]
        write(f"{name:<26}" + "".join(f"{value:>9.2f}" for value in row) + f"{found:>7}\n")
        sys.stdout.flush()
        if options.plans:
            await plans.watch(big.connection)
            await find(big, big.who, SearchArgs.model_validate(arguments))
            await plans.stop(big.connection)
            show_plans(plans.take())


def main() -> None:
    parser = argparse.ArgumentParser(description="Search a small and a big project.")
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--only", default="")
    parser.add_argument("--plans", action="store_true")
    options = parser.parse_args()
    with postgres() as database:
        asyncio.run(measure(options, database.dsn))


if __name__ == "__main__":
    main()
