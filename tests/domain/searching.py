"""Searching: indexing at once, and reading what is found."""

from __future__ import annotations

from typing import Any

from signalbox.domain import indexing
from support import Agent, Project

EVENTS_MAX = 1000


async def index(project: Project) -> int:
    """Index what a project has, as the server does a moment later."""
    arguments = indexing.sql.index_search.arguments({"project_ids": [project.project_id], "events_max": EVENTS_MAX})
    (row,) = await project.database.run(indexing.sql.index_search, arguments)
    indexed: int = row["indexed"]
    return indexed


async def post_many(project: Project, agent: Agent, bodies: list[str]) -> None:
    """Post in a project where nobody has done anything but register, from event 2 on, and index it."""
    await agent.call("post", to_lane="docs", body=bodies[0])
    async with project.database.connection() as connection:
        await connection.execute("select set_config('signalbox.project_ids', $1, false)", str(project.project_id))
        await connection.execute(
            "insert into posts (project_id, post_id, seq, author_id, author, to_lane, body, created_at, thread_id) "
            "select project_id, n, n + 1, author_id, author, to_lane, b.body, created_at, n "
            "from posts, unnest($1::text[]) with ordinality b (body, n) where n > 1",
            bodies,
        )
        await connection.execute(
            "insert into events (project_id, seq, at, participation_id, actor, type, payload, post_id) "
            "select e.project_id, n + 1, at, participation_id, actor, type, jsonb_build_object('post_id', n), n "
            "from events e, generate_series(2, $1::bigint) n where e.seq = 2",
            len(bodies),
        )
        await connection.execute("update ledgers set head = $1 + 1, post_head = $1", len(bodies))
    while await index(project):
        pass


async def hits(agent: Agent, query: str, **filters: Any) -> list[int]:
    """Answer the numbers of the events in which something was found."""
    found = await agent.call("search", query=query, **filters)
    return [hit["event_id"] for hit in found["hits"]]


async def pages_of(agent: Agent, query: str, **filters: Any) -> list[list[int]]:
    """Read every page."""
    pages, cursor = [], None
    while True:
        found = await agent.call("search", query=query, cursor=cursor, **filters)
        pages.append([hit["event_id"] for hit in found["hits"]])
        cursor = found.get("cursor")
        if cursor is None:
            return pages
