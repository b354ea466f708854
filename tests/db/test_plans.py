"""Plans: no call reads more of a long ledger than it answers.

Everything runs with the server's own settings, beside projects of any size: a plan that is made for the average project
walks the long one from end to end. tests/perf/ledger_size.py measures what is looked at here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from ledgers import Plans, Reader, make_long_project, nodes, reader_of, rows_read
from reading import ACTS, READS, Arguments, named, pages
from signalbox.catalog import CATALOG
from signalbox.db.callers import STATEMENTS
from signalbox.db.pool import SERVER_SETTINGS, Database
from signalbox.domain import board, deadlines, receipts
from signalbox.domain.claims import ClaimsArgs, list_claims
from signalbox.domain.leases import LeasesArgs, list_leases
from signalbox.tool import Effect
from support import make_project

EVENTS = 40_000
ROWS_MAX = 200  # of what a call here reads; what is walked through to the end has hundreds at least
PAGE_ROWS_MAX = 2 * board.COUNT_MAX  # of what only pages read: they count up to COUNT_MAX of a state
LONG_THREAD = """
    update posts p
    set thread_id = 1001, reply_to = case when p.post_id > 1001 then p.post_id - 1 end
    where p.project_id = $1 and p.post_id between 1001 and 7000
"""
OTHERS = 4
"""Projects with as many events: what reads half of a table's rows may as well read it whole."""
COPY = """
    insert into events (project_id, seq, at, participation_id, actor, type, payload)
    select $2, e.seq + 1000000, e.at, e.participation_id, e.actor, e.type, e.payload
    from events e where e.project_id = $1
"""
PROJECTS = (20, 2000)
"""How many PostgreSQL is told there are: of how many rows a plan for any project expects."""
TELL_PROJECTS = """
    do $$
    declare
        one regclass;
    begin
        for one in
            select a.attrelid from pg_attribute a join pg_class c on c.oid = a.attrelid
            where a.attname = 'project_id' and c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
        loop
            execute format('alter table %s alter column project_id {how} (n_distinct{value})', one);
        end loop;
    end $$
"""
GROWING = {"events", "posts", "deliveries", "claims", "leases", "tasks"}


@pytest.fixture(scope="module", params=PROJECTS)
async def reader(request: pytest.FixtureRequest, database: Database, database_url: str) -> AsyncIterator[Reader]:
    """An agent in a project with a long history, on a connection like the server's but for the plans."""
    owner = await asyncpg.connect(database_url)
    agents = await make_long_project(database, owner, EVENTS)
    project_id = (await agents[0].principal()).project_id
    await owner.execute(LONG_THREAD, project_id)
    for _ in range(OTHERS):
        await owner.execute(COPY, project_id, (await make_project(database)).project_id)
    await owner.execute(TELL_PROJECTS.format(how="set", value=f" = {request.param}"))
    await owner.execute("analyze")
    await owner.execute(TELL_PROJECTS.format(how="reset", value=""))
    role = await owner.fetchval("select current_database() || '_app'")
    await owner.close()
    connection = await asyncpg.connect(database_url, server_settings={**SERVER_SETTINGS, "role": role})
    yield await reader_of(connection, agents[0])
    await connection.close()


@pytest.fixture(scope="module")
async def plans(reader: Reader) -> Plans:
    watched = Plans()
    await watched.watch(reader.connection)
    return watched


async def run(reader: Reader, tool: str, arguments: Arguments) -> None:
    heads = await reader.heads()
    if tool == "authenticate":
        await reader.fetch(STATEMENTS["authenticate"], [reader.who.token_hash, None])
    else:
        await CATALOG.call(tool, reader, reader.who, arguments(heads) if callable(arguments) else arguments)


def too_much(seen: list[dict[str, Any]], rows_max: int = ROWS_MAX) -> list[str]:
    """Name each part of a plan that read a growing table from end to end, or more rows than a call is to."""
    return [
        f"{node['Node Type']} on {node.get('Index Name') or node.get('Relation Name')}: "
        f"{rows_read(node)} rows in {plan['Query Text']}"
        for plan in seen
        for node in nodes(plan["Plan"])
        if node.get("Relation Name") in GROWING and (rows_read(node) > rows_max or node["Node Type"] == "Seq Scan")
    ]


@pytest.mark.parametrize(("tool", "arguments"), READS, ids=[named(*call) for call in READS])
async def test_a_read_takes_up_no_more_than_it_answers(
    tool: str, arguments: Arguments, reader: Reader, plans: Plans
) -> None:
    plans.take()
    await run(reader, tool, arguments)
    seen = plans.take()

    assert too_much(seen) == []


PAGES = pages(lane="lane-1", post_id=7)


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_takes_up_no_more_than_it_shows_and_counts(name: str, reader: Reader, plans: Plans) -> None:
    owner_id = await reader.connection.fetchval("select owner_id from owners where handle = $1", reader.who.handle)
    plans.take()
    await PAGES[name](reader, reader.who, owner_id)
    seen = [plan for plan in plans.take() if "typeinfo_tree" not in plan["Query Text"]]

    assert seen
    rows_max = EVENTS if name == "activity" else PAGE_ROWS_MAX  # half of them one by one, or all in one go
    assert too_much(seen, rows_max) == []


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("read_posts", {"thread": 3333, "limit": 5}),
        ("read_posts", {"thread": 3333, "limit": 5, "before": 3000}),
        ("read_posts", {"thread": 3333, "limit": 5, "to_me": True}),
        ("sync", {"thread": 3333, "limit": 5, "after": 0}),
    ],
    ids=str,
)
async def test_of_a_long_thread_a_call_takes_up_no_more_than_it_answers(
    tool: str, arguments: Arguments, reader: Reader, plans: Plans
) -> None:
    plans.take()
    await run(reader, tool, arguments)
    seen = plans.take()

    assert seen
    assert too_much(seen) == []


PAGES_OF_A_LONG_THREAD = {name: read for name, read in pages("lane-1", post_id=3333).items() if "thread" in name}


@pytest.mark.parametrize("name", PAGES_OF_A_LONG_THREAD)
async def test_of_a_long_thread_a_page_takes_up_no_more_than_it_shows(name: str, reader: Reader, plans: Plans) -> None:
    plans.take()
    await PAGES_OF_A_LONG_THREAD[name](reader, reader.who, 1)
    seen = plans.take()

    assert seen
    assert too_much(seen) == []


@pytest.mark.parametrize(
    "args",
    [
        LeasesArgs(limit=5),
        LeasesArgs(limit=5, holder="agent-3"),
        LeasesArgs(limit=5, surface="src/7/a.py"),
        LeasesArgs(limit=5, include_over=True),
        LeasesArgs(limit=5, include_over=True, before=40),
        LeasesArgs(limit=5, include_over=True, holder="agent-3"),
        LeasesArgs(limit=5, include_over=True, holder="agent-8"),
        LeasesArgs(limit=5, include_over=True, surface="src/7/a.py"),
        ClaimsArgs(limit=5, sequence="seq-1"),
        ClaimsArgs(limit=5, sequence="seq-1", before=40),
    ],
    ids=str,
)
async def test_a_page_s_list_takes_up_no_more_than_it_answers(
    args: LeasesArgs | ClaimsArgs, reader: Reader, plans: Plans
) -> None:
    plans.take()
    if isinstance(args, LeasesArgs):
        await list_leases(reader, reader.who, args)
    else:
        await list_claims(reader, reader.who, args)
    seen = plans.take()

    assert seen
    assert too_much(seen) == []


async def test_acts_take_up_no_more_than_they_change(reader: Reader, plans: Plans) -> None:
    plans.take()
    for tool, arguments in ACTS:
        await run(reader, tool, arguments)
    seen = [plan for plan in plans.take() if "typeinfo_tree" not in plan["Query Text"]]  # asyncpg's own

    assert len(seen) > 5 * len(ACTS)
    assert too_much(seen) == []


async def test_marks_and_deadlines_take_up_no_more_than_they_are_about(reader: Reader, plans: Plans) -> None:
    heads = await reader.heads()
    posts = list(range(heads["post_head"] - 9, heads["post_head"] + 1))
    of_each = [[value] * len(posts) for value in (reader.who.project_id, reader.who.participation_id)]
    plans.take()
    await reader.connection.fetch(
        receipts.sql.mark_deliveries.text,
        *of_each,
        posts,
        ["stream"] * len(posts),
        [0.0] * len(posts),
        [0.0] * len(posts),
    )
    marked = plans.take()
    await reader.connection.execute("begin")
    await reader.connection.execute("select pg_advisory_xact_lock(5317051)")  # no server keeps deadlines meanwhile
    await reader.connection.execute("set local role none; update agendas set next_at = 'infinity'; reset role")
    await reader.connection.execute(
        "insert into deadlines select $1, now() - interval '1 second', p, p % 2 = 0 from unnest($2::bigint[]) p",
        reader.who.project_id,
        posts,
    )
    await reader.connection.execute(
        "insert into agendas values ($1, now()) on conflict (project_id) do update set next_at = now()",
        reader.who.project_id,
    )
    plans.take()
    kept = await reader.connection.fetchrow(deadlines.sql.keep_deadlines.text, 10)
    seen = plans.take()
    await reader.connection.execute("rollback")

    assert dict(kept or {}) == {"project_id": reader.who.project_id, "posts": 10}
    assert too_much(marked) == too_much(seen) == []
    assert len(marked) > 2
    assert len(seen) > 20


async def test_the_checks_above_can_fail(reader: Reader, plans: Plans) -> None:
    plans.take()
    for condition in ("e.type = any(array['old', null])", "e.type || '' = 'old'"):
        await reader.connection.fetch(
            f"select e.seq from events e where e.project_id = $1 and {condition} order by e.seq limit 20",
            reader.who.project_id,
        )
    seen = plans.take()

    assert len(seen) == 2
    assert len({plan["Query Text"] for plan in seen if too_much([plan])}) == 1


def test_every_reading_tool_is_called_here() -> None:
    without_a_statement = {"whoami"}

    assert {tool.name for tool in CATALOG if tool.effect is Effect.READS} <= {tool for tool, _ in READS} | (
        without_a_statement
    )
