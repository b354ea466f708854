"""How long the server takes to make a board, and every other page of a project that has grown large.

    .venv/bin/python tests/perf/board.py [--events 1000000] [--members 200] [--rounds 50]

Makes a project on an embedded PostgreSQL of its own (some minutes; of 20 events 8 are posts, so the default has
400,000 of them), signs its owner in, and looks at each page from this process, without a network in between. Prints
the median and the slowest milliseconds of the request as its log line has them, the statements it ran, and the size of
the page. Not part of the test run.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg
import httpx2

sys.path.insert(0, str(Path(__file__).parent.parent))

from edge.admin.browsing import BrowserOf, make_owner
from ledgers import make_long_project
from perf.bench import postgres
from signalbox.app import create_app
from signalbox.config import load_settings
from signalbox.db.pool import Database
from signalbox.domain import owners
from support import Project

PAGES = ("", "/posts", "/posts/1", "/posts?to_me=true&unacked_only=true", "/tasks", "/tasks/1", "/ledger", "/ledger/1")
WARM_ROUNDS = 12  # past the five executions after which PostgreSQL may settle on a generic plan

write = sys.stdout.write


class Lines(logging.Handler):
    """Keeps what the log line of each request says."""

    def __init__(self) -> None:
        super().__init__()
        self.facts: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.facts.append(vars(record)["facts"])


async def measure(options: argparse.Namespace, dsn: str) -> None:
    """Make the project, and look at its pages."""
    settings = load_settings({}, database_url=dsn)
    lines = Lines()
    logging.getLogger("signalbox.requests").addHandler(lines)
    logging.getLogger("signalbox.requests").setLevel(logging.INFO)
    superuser = await asyncpg.connect(dsn, command_timeout=3600)
    async with Database(settings) as database:
        owner = await make_owner(database, "ada")
        project = Project(database, await owners.in_project(database, owner, "large"))
        start = time.perf_counter()
        await make_long_project(database, superuser, options.events, project=project, members=options.members)
        await superuser.execute("update presence set last_seen_at = clock_timestamp(), status = 'at work'")
        await superuser.execute("analyze")
        await superuser.close()
        write(f"{options.events} events of {options.members} participants in {time.perf_counter() - start:.0f} s\n")
    app = create_app(settings)
    async with app.router.lifespan_context(app), Database(settings) as database:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url=settings.base_url, timeout=60) as client:
            browser = BrowserOf(client, database)
            await browser.sign_in(owner.email)
            write(f"{'page':<40}{'median ms':>10}{'slowest':>10}{'statements':>12}{'bytes':>8}\n")
            for path in PAGES:
                await look(options, browser, lines, path)


async def look(options: argparse.Namespace, browser: BrowserOf, lines: Lines, path: str) -> None:
    """Look at a page again and again, and print a row of the table."""
    for _ in range(WARM_ROUNDS):
        page = await browser.get(f"/admin/projects/large{path}")
    assert page.status_code == 200, page.text
    lines.facts.clear()
    for _ in range(options.rounds):
        page = await browser.get(f"/admin/projects/large{path}")
    times = [facts["ms"] for facts in lines.facts]
    statements = lines.facts[-1]["statements"]
    row = f"{statistics.median(times):>10.1f}{max(times):>10.1f}{statements:>12}{len(page.content):>8}"
    write(f"{path or '(board)':<40}{row}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the pages of a large project.")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=50)
    options = parser.parse_args()
    with postgres() as database:
        asyncio.run(measure(options, database.dsn))


if __name__ == "__main__":
    main()
