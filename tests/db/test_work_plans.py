"""Plans of work: what is next is found among 100,000 tasks without walking past those that are not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from db.test_plans import ROWS_MAX, run
from ledgers import Plans, Reader, nodes, reader_of, rows_read
from signalbox.db.pool import SERVER_SETTINGS, Database
from signalbox.db.waiters import STATEMENTS
from support import make_project

TASKS = 100_000
FILL = """
    insert into tasks (project_id, task_id, title, lane, closed_lane, status, owner_id, owner, created_by, created_at,
        updated_at, unmet, priority)
    select $1, n, 'a task',
        case n % 5 when 3 then 'shut' else 'lane-' || n % 4 end, case n % 5 when 3 then 'shut' end,
        (array['done', 'open', 'open', 'open', 'assigned'])[n % 5 + 1],
        case when n % 5 in (0, 4) then 1 end, case when n % 5 in (0, 4) then 'o/other' end, 'o/other', now(), now(),
        (n % 5 in (1, 2) and n < :tasks - 100)::integer, n % 3 + 1
    from generate_series(1, :tasks) n
"""
DEPENDENCIES = """
    insert into task_dependencies (project_id, task_id, on_task_id)
    select $1, n, n % 400 * 5 + 4 from generate_series(1, :tasks) n where n % 5 in (1, 2) and n < :tasks - 100
"""
SETTLED = """
    insert into claims (project_id, sequence, number, formatted, seq, participation_id, actor, claimed_at, outcome)
    select $1, 'adr', n, n, n, 1, 'o/other', now(), case when n % 1000 > 0 then 'void' end
    from generate_series(1, 20000) n
"""


@pytest.fixture(scope="module")
async def reader(database: Database, database_url: str) -> AsyncIterator[Reader]:
    """An agent in a project where much waits, much is done, and much is in a lane that is shut to it."""
    owner = await asyncpg.connect(database_url)
    project = await make_project(database)
    agent = await project.join("agent", lead=True)
    for statement in (FILL, DEPENDENCIES, SETTLED):
        await owner.execute(statement.replace(":tasks", str(TASKS)), project.project_id)
    await owner.execute("update ledgers set task_head = $2 where project_id = $1", project.project_id, TASKS)
    await owner.execute("insert into sequences (project_id, sequence) values ($1, 'adr')", project.project_id)
    await owner.execute("analyze")
    role = await owner.fetchval("select current_database() || '_app'")
    connection = await asyncpg.connect(database_url, server_settings={**SERVER_SETTINGS, "role": role})
    yield await reader_of(connection, agent)
    await connection.close()
    await owner.execute("delete from tasks where project_id = $1", project.project_id)
    await owner.close()


@pytest.fixture(scope="module")
async def plans(reader: Reader) -> Plans:
    watched = Plans()
    await watched.watch(reader.connection)
    return watched


OF_OWNERS = {"participants", "labels"}  # few enough in a run's database to walk


def too_much(seen: list[dict[str, Any]]) -> list[str]:
    """Name each part of a plan that read more rows than a call is to."""
    return [
        f"{node['Node Type']} on {node.get('Index Name') or node.get('Relation Name')}: {rows_read(node)} rows"
        for plan in seen
        for node in nodes(plan["Plan"])
        if node.get("Relation Name", "labels") not in OF_OWNERS and rows_read(node) > ROWS_MAX
    ]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("task_next", {}),
        ("task_next", {"lane": "lane-1"}),
        ("task_next", {"lane": "nothing"}),
        ("list_tasks", {"ready": True, "limit": 5}),
        ("list_tasks", {"ready": True, "limit": 5, "before": 99_950}),
        ("list_tasks", {"ready": True, "limit": 5, "lane": "lane-1"}),
        ("list_tasks", {"ready": True, "limit": 5, "owner": "agent"}),
        ("list_tasks", {"status": "cancelled", "limit": 5}),
        ("task_create", {"title": "One more", "depends_on": [4, 5], "lane": "lane-1"}),
        ("task_cancel", {"task_id": TASKS - 1}),
        ("latest_claims", {"unsettled": True}),
        ("settle_claim", {"sequence": "adr", "number": 1000, "outcome": "void"}),
    ],
    ids=str,
)
async def test_work_takes_up_no_more_than_it_needs(
    tool: str, arguments: dict[str, Any], reader: Reader, plans: Plans
) -> None:
    plans.take()
    await run(reader, tool, arguments)
    seen = [plan for plan in plans.take() if "typeinfo_tree" not in plan["Query Text"]]

    assert seen
    assert too_much(seen) == []


async def test_nothing_ready_is_found_out_without_reading_all_that_waits(reader: Reader, plans: Plans) -> None:
    ready = "update tasks set unmet = 1 where project_id = $1 and status = 'open' and unmet = 0 and closed_lane is null"
    await reader.connection.execute(ready, reader.who.project_id)
    plans.take()
    await run(reader, "task_next", {})
    seen = plans.take()

    assert seen
    assert too_much(seen) == []


async def test_whose_turn_it_is_is_found_out_by_index(reader: Reader, plans: Plans) -> None:
    plans.take()
    statement = STATEMENTS["lease_turns"]
    given = {"project_id": reader.who.project_id, "participation_ids": [1, 2], "surfaces": ["a", "b"]}
    await reader.fetch(statement, statement.arguments(given))

    assert too_much(plans.take()) == []
