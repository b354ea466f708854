"""A project with one of everything in it, arguments for every tool there, and all rows it has in the database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import asyncpg

from signalbox.tool import Effect, Tool
from support import Agent, Project

ARGUMENTS: dict[str, dict[str, Any]] = {
    "post": {"to_lane": "review", "body": "please look"},
    "ack": {"post_id": 1},
    "post_status": {"post_id": 1},
    "wait": {"timeout_seconds": 0},
    "reset_cursor": {"to": 0},
    "claim": {"sequence": "adr"},
    "seed_sequence": {"sequence": "adr", "current": 50},
    "lease": {"surface": "src/new.py"},
    "release": {"surface": "src/held.py"},
    "register": {"lane": "elsewhere"},
    "rename": {"label": "{label}-renamed-{number}"},
    "task_create": {"title": "one more"},
    "task_assign": {"task_id": 1, "owner": "{label}-peer"},
    "task_start": {"task_id": 1},
    "task_block": {"task_id": 2, "reason": "it waits"},
    "task_resolve": {"task_id": 3},
    "task_ship": {"task_id": 4},
    "join_lane": {"lane": "review"},
    "leave_lane": {"lane": "{label}-lane"},
    "configure_lane": {"lane": "{label}-lane", "access": "private"},
    "task_release": {"task_id": 2},
    "task_cancel": {"task_id": 3},
    "task_note": {"task_id": 1, "note": "mind it"},
    "note_override": {"hook": "guard", "reason": "they agreed"},
    "check_numbers": {"numbers": [{"sequence": "adr", "number": 1}]},
    "check_surfaces": {"surfaces": ["src/app.py"]},
    "search": {"query": "please"},
    "claims_of": {"sequence": "{label}-adr"},
    "editor_hook": {"event": "UserPromptSubmit", "session": "s"},
    "settle_claim": {"sequence": "{label}-adr", "number": 8, "outcome": "void"},
    "admin_provision": {"participant_name": "{label}-newcomer-{number}"},
    "admin_rotate": {"participant_name": "{label}-peer"},
    "admin_revoke": {"participant_name": "{label}-peer"},
}
"""What a lead of a furnished project can call each tool with, once; a tool that is not here needs no argument."""

CHANGES_WITH_TIME = ("last_seen_at", "last_used_at", "offered_at", "offered_via", "seen_at", "reach", "reach_at")
MARKED = re.compile(r'"state": "(?:offered|seen)"')


@dataclass(frozen=True)
class Furnished:
    """A project in which each tool finds something to work on."""

    project: Project
    lead: Agent
    peer: Agent
    label: str
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def arguments(self, tool: Tool) -> dict[str, Any]:
        """Answer arguments that the lead may call a tool with; whoever is made by them has a new name each time."""
        known = {"label": self.label, "number": next(self.numbers)}
        given = ARGUMENTS.get(tool.name, {})
        return {name: value.format(**known) if isinstance(value, str) else value for name, value in given.items()}


async def furnish(project: Project, label: str = "agent", mark: str = "") -> Furnished:
    """Put one of everything into a project; `mark` stands in every text and in no name."""
    lead = await project.join(label, lead=True)
    peer = await project.join(f"{label}-peer")
    for lane in (f"{label}-lane", "review"):
        await peer.call("register", lane=lane, status=f"works {mark}")
    await lead.call("register", lane=f"{label}-lane", status=f"works {mark}", tags=["t"], session=f"{label}-session")
    for to_actor in (lead.actor, peer.actor, lead.actor):
        await peer.call("post", to_actor=to_actor, subject=f"subject {mark}", body=f"body {mark}", ref="pr-1", tag="t")
    await lead.call("seed_sequence", sequence=f"{label}-adr", current=7, prefix=f"{mark}-", pad=3)
    await lead.call("claim", sequence=f"{label}-adr", note=f"note {mark}", idempotency_key=f"{label}-key")
    await lead.call("lease", surface="src/held.py", note=f"note {mark}")
    await lead.call("lease", surface=f"{label}/**", note=f"note {mark}")
    for number in (1, 2, 3, 4):
        await lead.call("task_create", title=f"title {number} {mark}", detail=f"detail {mark}", owner=lead.actor)
    for number in (2, 3, 4):
        await lead.call("task_start", task_id=number)
    await lead.call("task_block", task_id=3, reason=f"reason {mark}")
    await lead.call("create_invite", participant_name=f"{label}-guest")
    return Furnished(project, lead, peer, label)


def mutates(tool: Tool) -> bool:
    return tool.effect is not Effect.READS


OWNERSHIP = {
    "project_id": "project_id = $1",
    "participation_id": "participation_id in (select participation_id from participations where project_id = $1)",
    "participant_id": "participant_id in (select participant_id from participations where project_id = $1)",
    "owner_id": "owner_id = (select owner_id from projects where project_id = $1)",
}
"""The column that says whose a row is: the first of these that a table has. What has none is nobody's."""

TABLES = """
select c.table_name::text as name, array_agg(c.column_name::text) as columns
from information_schema.columns c
join information_schema.tables t using (table_schema, table_name)
where c.table_schema = 'public' and t.table_type = 'BASE TABLE'
group by c.table_name
order by c.table_name
"""


async def all_rows(dsn: str, project_id: int) -> dict[str, list[str]]:
    """Answer every row that belongs to a project, by table, without the marks of who called and saw what, and when."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("select set_config('signalbox.project_ids', $1, false)", str(project_id))
        found: dict[str, list[str]] = {}
        for table in await connection.fetch(TABLES):
            belongs = next((rule for column, rule in OWNERSHIP.items() if column in table["columns"]), None)
            if belongs is None or table["name"].startswith("search_"):  # which whoever serves fills a moment later
                continue
            rows = await connection.fetch(
                f"select (to_jsonb(t) - $2::text[])::text as row from {table['name']} t where {belongs}",
                project_id,
                list(CHANGES_WITH_TIME),
            )
            found[table["name"]] = sorted(MARKED.sub('"state": "queued"', row["row"]) for row in rows)
        return found
    finally:
        await connection.close()
