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
