"""Whether calls slow down as a ledger grows: each one in a project of 1,000 events beside one of 1,000,000.

    .venv/bin/python tests/perf/ledger_size.py [--events 1000000] [--rounds 200] [--only read_posts] [--plans]
        [--before-analyze] [--mode auto]

Makes both projects on an embedded PostgreSQL of its own (a minute), then runs the statements of each call in turns
in both, on one connection of the server's role that keeps its prepared statements, as the pool's connections do.
Prints the median milliseconds in each, and their ratio; marks what is above 1.3. `--plans` prints the plans that were
run in the big project, `--mode` is another plan_cache_mode than
the server's. Not part of the test run.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

sys.path.insert(0, str(Path(__file__).parent.parent))

from ledgers import Plans, Reader, make_long_project, nodes, reader_of, rows_read
from perf.bench import postgres
from reading import ACTS, READS, Arguments, named
from signalbox.catalog import CATALOG
from signalbox.config import load_settings
from signalbox.db.callers import STATEMENTS
from signalbox.db.pool import SERVER_SETTINGS, Database
from support import Agent

SMALL = 1000
SLOWER_MAX = 1.3
WARM_ROUNDS = 12  # past the five executions after which PostgreSQL may settle on a generic plan

write = sys.stdout.write


@dataclass
class Timed(Reader):
    """A reader that adds up the time its statements take."""

    seconds: float = 0.0
    times: dict[str, list[float]] = field(default_factory=dict)

    async def fetch(self, statement: Any, arguments: Any) -> list[Any]:
        start = time.perf_counter()
        try:
            return await super().fetch(statement, arguments)
        finally:
            self.seconds += time.perf_counter() - start


async def run(reader: Timed, tool: str, arguments: Arguments, label: str) -> None:
    """Run one call's statements with the tenant set as by authentication, and note how long they took."""
    await reader.connection.execute(f"set signalbox.project_ids = '{reader.who.project_id}'")
    heads = await reader.heads()
    reader.seconds = 0.0
    if tool == "authenticate":
        await reader.fetch(STATEMENTS["authenticate"], [reader.who.token_hash, None])
    else:
        await CATALOG.call(tool, reader, reader.who, arguments(heads) if callable(arguments) else arguments)
    reader.times.setdefault(label, []).append(reader.seconds * 1000)


def show(label: str, small: list[float], big: list[float]) -> None:
    """Print a row of the table."""
    medians = statistics.median(small[WARM_ROUNDS:]), statistics.median(big[WARM_ROUNDS:])
    ratio = medians[1] / medians[0] if medians[0] else 1.0  # no statement at all, where nothing can be found
    mark = "  <--" if ratio > SLOWER_MAX else ""
    write(f"{label:<64}{medians[0]:>9.3f}{medians[1]:>9.3f}{ratio:>8.2f}{mark}\n")
    sys.stdout.flush()


def show_plans(plans: list[dict[str, Any]]) -> None:
    """Print what PostgreSQL did: each node with what it read."""
    for plan in plans:
        write("    " + " ".join(plan["Query Text"].split())[:100] + "\n")
        for node in nodes(plan["Plan"]):
            where = node.get("Index Name") or node.get("Relation Name") or ""
            write(f"        {node['Node Type']} {where} rows read {rows_read(node)}\n")


async def compare(options: argparse.Namespace, small: Timed, big: Timed) -> None:
    """Run the calls in turns in both projects, and print a row of each: reads one by one, acts one after the other."""
    plans = Plans()
    calls = [(tool, arguments, named(tool, arguments)) for tool, arguments in READS]
    acts = [(tool, arguments, named(tool, arguments)) for tool, arguments in ACTS]
    for group in [*([call] for call in calls if options.only in call[2]), acts]:
        for _ in range(options.rounds + WARM_ROUNDS):
            for (number, (tool, arguments, label)), reader in itertools.product(enumerate(group), (small, big)):
                await run(reader, tool, arguments, f"{number} {label}")
        for number, (tool, arguments, label) in enumerate(group):
            show(label, small.times.pop(f"{number} {label}"), big.times.pop(f"{number} {label}"))
            if options.plans:
                await plans.watch(big.connection)
                await run(big, tool, arguments, label)
                await plans.stop(big.connection)
                show_plans([plan for plan in plans.take() if "set_config" not in plan["Query Text"]])


async def measure(options: argparse.Namespace, dsn: str) -> None:
    """Make both projects and compare them."""
    owner = await asyncpg.connect(dsn)
    async with Database(load_settings({}, database_url=dsn)) as database:
        agents: list[Agent] = []
        for total in (SMALL, options.events):
            start = time.perf_counter()
            agents.append((await make_long_project(database, owner, total))[0])
            write(f"{total} events in {time.perf_counter() - start:.1f} s\n")
        if not options.before_analyze:
            await owner.execute("analyze")
        await owner.close()
        role = {**SERVER_SETTINGS, "role": "signalbox_app"}
        if options.mode:
            role["plan_cache_mode"] = options.mode
        connection = await asyncpg.connect(dsn, server_settings=role, max_cached_statement_lifetime=0)
        small, big = [Timed(connection, (await reader_of(connection, agent)).who) for agent in agents]
        write(f"{'call':<64}{SMALL:>9}{options.events:>9}{'ratio':>8}\n")
        await compare(options, small, big)
        await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare calls in a small and a big ledger.")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--only", default="")
    parser.add_argument("--plans", action="store_true")
    parser.add_argument("--before-analyze", action="store_true")
    parser.add_argument("--mode", choices=("auto", "force_generic_plan", "force_custom_plan"))
    options = parser.parse_args()
    with postgres() as database:
        asyncio.run(measure(options, database.dsn))


if __name__ == "__main__":
    main()
