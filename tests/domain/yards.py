"""A project whose time passes when a test says so, and whose deadlines nobody keeps but the test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg

from domain.racing import ledger
from signalbox.db.pool import Database
from signalbox.domain.deadlines import keep_deadlines
from support import Agent, Project

SHIFTED = {
    "posts": ("due_at", "expires_at", "created_at", "acked_at"),
    "deliveries": ("due_at", "acked_at"),
    "deadlines": ("at",),
    "agendas": ("next_at",),
}


@dataclass
class Yard:
    """A project in a database on which no server keeps deadlines, with an author and a recipient."""

    url: str
    project: Project
    database: Database
    boss: asyncpg.Connection[Any]
    author: Agent
    peer: Agent

    async def join(self, name: str, *, lane: str | None = None, lead: bool = False) -> Agent:
        return await self.project.join(name, lane=lane, lead=lead)

    async def post(self, body: str = "Look.", **arguments: Any) -> None:
        """Post as the author, to the recipient where nobody is named."""
        if not {"to_actors", "to_lane", "to_lanes", "to_all"} & arguments.keys():
            arguments = {"to_actor": self.peer.actor} | arguments
        await self.author.call("post", body=body, **arguments)

    async def let_pass(self, **span: int) -> None:
        """Let so much time pass for the project's posts."""
        for table, columns in SHIFTED.items():
            shifts = ", ".join(f"{column} = {column} - $2::interval" for column in columns)
            statement = f"update {table} set {shifts} where project_id = $1"
            await self.boss.execute(statement, self.project.project_id, timedelta(**span))

    async def keep(self) -> int:
        return await keep_deadlines(self.database)

    async def payloads(self, event_type: str) -> list[dict[str, Any]]:
        return [event["payload"] for event in await ledger(self.author, type=event_type)]

    async def status(self, post_id: int = 1) -> dict[str, Any]:
        return await self.author.call("post_status", post_id=post_id)

    async def receipt(self, post_id: int = 1) -> dict[str, Any]:
        """The receipt of the post's only recipient."""
        (only,) = (await self.status(post_id))["receipts"]
        return dict(only)


async def inbox(agent: Agent) -> list[int]:
    found = await agent.call("read_posts", to_me=True, unacked_only=True)
    return [post["post_id"] for post in found["posts"]]
