"""Projects with a long history, made at once, and the plans by which statements read them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from signalbox.db.acts import as_json, outcome_of
from signalbox.db.callers import STATEMENTS
from signalbox.db.marks import Marks
from signalbox.db.pool import STATEMENTS as POOL
from signalbox.db.pool import Database
from signalbox.db.rooms import Concerns, Room, Waiter
from signalbox.db.statements import Statement
from signalbox.db.violations import refusal_for
from signalbox.identity import Principal
from support import Agent, Project, make_project

MEMBERS = 9
WATCH = """
    set role none;
    load 'auto_explain';
    set auto_explain.log_min_duration = 0;
    set auto_explain.log_analyze = on;
    set auto_explain.log_timing = off;
    set auto_explain.log_buffers = on;
    set auto_explain.log_nested_statements = on;
    set auto_explain.log_format = json;
    set client_min_messages = log
"""
FILL = Path(__file__).with_name("bulk_ledger.sql")
POSTS = Path(__file__).with_name("bulk_posts.sql")


async def make_long_project(
    database: Database,
    connection: asyncpg.Connection[Any],
    total: int,
    *,
    project: Project | None = None,
    members: int = MEMBERS,
) -> list[Agent]:
    """Make a project, or fill one, with `total` events (a multiple of 20), as a superuser; answers its new agents.

    The last one acted at the far old end only.
    """
    project = project or await make_project(database)
    agents = [await project.join(f"agent-{number}") for number in range(members)]
    places = [(place, (await agent.principal()).participation_id, agent.actor) for place, agent in enumerate(agents)]
    await connection.execute(
        "create temporary table members_of_bulk (place integer, participation_id bigint, actor text)"
    )
    await connection.executemany("insert into members_of_bulk values ($1, $2, $3)", places)
    await connection.execute("delete from lane_members where project_id = " + str(project.project_id))
    script = FILL.read_text(encoding="utf-8")
    for name, value in (("total", total), ("project", project.project_id), ("members", members)):
        script = script.replace(f":{name}", str(value))
    await connection.execute("delete from events where project_id = " + str(project.project_id))
    await connection.execute(script)
    return agents


async def make_long_posts(database: Database, connection: asyncpg.Connection[Any], total: int) -> Agent:
    """Make a project of `total` posts with words to search for, as a superuser; answers their author."""
    project = await make_project(database)
    agent = await project.join("author")
    who = await agent.principal()
    script = POSTS.read_text(encoding="utf-8")
    values = {"total": total, "project": project.project_id, "author": who.participation_id, "actor": agent.actor}
    for name, value in values.items():
        script = script.replace(f":{name}", str(value))
    await connection.execute("delete from events where project_id = " + str(project.project_id))
    await connection.execute(script)
    return agent


@dataclass
class Reader:
    """One caller on one connection: runs a verb's statements there, as the server does, and remembers them."""

    connection: asyncpg.Connection[Any]
    who: Principal
    base_url: str = "http://127.0.0.1"
    ran: list[Statement] = field(default_factory=list)
    marks: Marks = field(default_factory=Marks)
    wait_seconds_max: float = 0.0

    @contextmanager
    def watching(self, who: Principal, concerns: Concerns) -> Iterator[Waiter]:
        """Wait for nothing."""
        yield Waiter(who, None, concerns, Room(who.project_id, nullcontext()))

    async def release(self) -> None:
        """Keep the connection."""

    async def fetch(self, statement: Statement, arguments: Sequence[Any]) -> list[Any]:
        """Read."""
        self.ran.append(statement)
        try:
            return await self.connection.fetch(statement.text, *arguments)
        except asyncpg.PostgresError as error:
            raise refusal_for(error) from error

    async def act(self, project_id: int, fields: dict[str, Any]) -> str:
        """Write."""
        assert project_id == self.who.project_id
        (row,) = await self.fetch(POOL["perform_acts"], [project_id, f"[{as_json(fields)}]"])
        outcome = outcome_of(row)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def heads(self) -> dict[str, int]:
        """Answer how far the project's numbers are."""
        row = await self.connection.fetchrow("select * from ledgers where project_id = $1", self.who.project_id)
        assert row is not None
        return dict(row)


async def reader_of(connection: asyncpg.Connection[Any], agent: Agent) -> Reader:
    """Authenticate an agent on a connection of the server's role."""
    who = await agent.principal()
    await connection.fetch(STATEMENTS["authenticate"].text, who.token_hash, None)
    return Reader(connection, who)


class Plans:
    """The plans PostgreSQL ran on a connection, those inside functions too, as auto_explain writes them."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    async def watch(self, connection: asyncpg.Connection[Any]) -> None:
        """Start, on a superuser's connection; its role stays as it is."""
        role = await connection.fetchval("select current_user")
        await connection.execute(f"{WATCH}; set role {role}")
        connection.add_log_listener(self._note)

    async def stop(self, connection: asyncpg.Connection[Any]) -> None:
        """Stop."""
        role = await connection.fetchval("select current_user")
        await connection.execute(f"set role none; set auto_explain.log_min_duration = -1; set role {role}")
        connection.remove_log_listener(self._note)

    def _note(self, _connection: object, message: Any) -> None:
        _, brace, text = message.message.partition("{")
        if "plan:" in message.message[:60]:
            self.seen.append(json.loads(brace + text))

    def take(self) -> list[dict[str, Any]]:
        """Answer the plans since the last time."""
        seen, self.seen = self.seen, []
        return seen


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Answer each node of a plan."""
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def rows_read(node: dict[str, Any]) -> int:
    """Count the rows a node took up, in all its loops, whether it passed them on or not."""
    removed = sum(float(count) for name, count in node.items() if name.startswith("Rows Removed by "))
    return round((float(node["Actual Rows"]) + removed) * int(node["Actual Loops"]))


def blocks_read(node: dict[str, Any]) -> int:
    """Count the blocks that a node and those below it looked at, whether they were in memory or not."""
    return int(node["Shared Hit Blocks"]) + int(node["Shared Read Blocks"])
