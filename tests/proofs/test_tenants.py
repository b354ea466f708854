"""Two projects: whatever is called in one with the names and ids of the other, the other stays as it is, unseen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from proofs.furnished import Furnished, all_rows, furnish
from proofs.wire import Answer, wires
from signalbox.catalog import CATALOG
from signalbox.db.pool import Database
from signalbox.domain import owners
from signalbox.domain.owners import OwnerRow
from signalbox.errors import InvalidArguments
from signalbox.tool import Tool
from support import Project, ServerProcess, make_project

MARK = "zq7secret"
FAR = 40  # an id of a task and of a post that the caller's project has not come to
FOREIGN: dict[str, tuple[Any, ...]] = {
    "task_id": (FAR,),
    "on": (FAR,),
    "blocker": (FAR,),
    "depends_on": ([FAR], [1, FAR]),
    "lease_id": (FAR,),
    "post_id": (FAR,),
    "post_ids": ([FAR], [1, FAR]),
    "through_id": (FAR,),
    "reply_to": (FAR,),
    "thread": (FAR,),
    "actor": ("{handle}/stranger", "stranger"),
    "owner": ("{handle}/stranger", "stranger"),
    "to_actor": ("{handle}/stranger", "stranger", "stranger-peer"),
    "to_actors": (["{handle}/stranger"], ["agent", "stranger-peer"]),
    "participant_name": ("{handle}/stranger-peer", "stranger-peer", "stranger-guest"),
    "lane": ("stranger-lane",),
    "invite": (["{handle}/stranger"], ["stranger"]),
    "remove": (["{handle}/stranger"], ["stranger"]),
    "to_lane": ("stranger-lane",),
    "to_lanes": (["stranger-lane", "review"],),
    "reroute": ("stranger-lane",),
    "sequence": ("stranger-adr",),
    "surface": ("stranger/**", "stranger/app.py"),
    "idempotency_key": ("stranger-key",),
    "ref": ("pr-1",),
    "tag": ("t",),
    "tags": (["t"],),
    "session": ("stranger-session",),
    "posts": ([{"reply_to": FAR, "body": "b"}], [{"to_actor": "stranger", "body": "b"}]),
    "ack_through": (FAR,),
    "for": (
        [{"on": "ack", "post_id": FAR}],
        [{"on": "post", "from": "stranger-peer"}],
        [{"on": "event", "actor": "stranger"}],
        [{"on": "surface", "surface": "stranger/**"}, {"on": "task", "lane": "stranger-lane"}],
        [{"on": "event", "ref": "pr-1"}, {"on": "event", "tag": "t"}, {"on": "event", "sequence": "stranger-adr"}],
    ),
}
"""What the other project calls its own, by the argument's name; ids are of things that only it has."""

BY_THEN = {"configure_lane": "forbidden", "settle_claim": "conflict"}
"""What is refused since an earlier call did it: the lane is ours, the number is settled."""

NOBODYS = {
    "access",
    "ack_within_seconds",
    "advance_cursor",
    "after",
    "availability",
    "before",
    "body",
    "current",
    "cursor",
    "cwd",
    "description",
    "detail",
    "event",
    "expires_in_seconds",
    "hook",
    "is_admin",
    "kind",
    "label",
    "last_n",
    "limit",
    "mode",
    "note",
    "number",
    "numbered",
    "numbers",
    "outcome",
    "pad",
    "patch",
    "path",
    "prefix",
    "priority",
    "query",
    "queue",
    "ready",
    "reason",
    "redeliver",
    "since",
    "status",
    "stopping_again",
    "subject",
    "surfaces",
    "timeout_seconds",
    "title",
    "to",
    "to_all",
    "to_me",
    "ttl_hours",
    "ttl_seconds",
    "type",
    "unacked_only",
    "unsettled",
    "until",
    "urgency",
    "urgent_only",
    "uses",
    "visibility",
    "wait_seconds",
    "within_seconds",
}
"""Arguments that name nothing of anybody's."""


def named(value: Any, handle: str) -> Any:
    """Write a name of the other project with its owner's handle."""
    if isinstance(value, list):
        return [named(one, handle) for one in value]
    return value.format(handle=handle) if isinstance(value, str) else value


def names_of(tool: Tool) -> set[str]:
    """Answer the names of a tool's arguments, as callers write them."""
    return {field.alias or name for name, field in tool.args.model_fields.items()}


def foreign_calls(tool: Tool, mine: Furnished, handle: str) -> Iterator[dict[str, Any]]:
    """Answer a tool's arguments with each name and id of the other project in the place of one's own."""
    required = {name for name, field in tool.args.model_fields.items() if field.is_required()}
    for name in sorted(names_of(tool)):
        for value in FOREIGN.get(name, ()):
            own = mine.arguments(tool)
            kept = {other: own[other] for other in own if other in required or other not in FOREIGN}
            arguments = kept | {name: named(value, handle)}
            try:
                tool.parse(arguments)
            except InvalidArguments:
                continue
            yield arguments


async def own_project(database: Database, of: Project) -> Project:
    """Make another project of the same owner."""
    row = OwnerRow(
        owner_id=await database.pool.fetchval("select owner_id from owners where handle = $1", of.handle),
        handle=of.handle,
        email="",
    )
    return Project(database, await owners.in_project(database, row, "second"))


@pytest.fixture(params=["of another owner", "of the same owner"])
async def stranger(request: pytest.FixtureRequest, database: Database, project: Project) -> Furnished:
    """The other project, full of texts that carry the mark."""
    same = request.param == "of the same owner"
    other = await own_project(database, project) if same else await make_project(database)
    furnished = await furnish(other, "stranger", MARK)
    for number in range(5, FAR + 1):  # it has four tasks and three posts by now
        await furnished.peer.call("post", to_actor="stranger", body=f"body {MARK}")
        await furnished.lead.call("task_create", title=f"title {MARK}", owner="stranger")
        await furnished.lead.call("task_start", task_id=number)
    return furnished


def test_every_argument_of_every_tool_is_known_to_name_something_or_not() -> None:
    named = {name for tool in CATALOG for name in names_of(tool)}

    assert named == FOREIGN.keys() | NOBODYS


@pytest.mark.parametrize("edge", ["rest", "mcp"])
async def test_no_tool_reaches_into_another_project(
    server: ServerProcess, database_url: str, project: Project, stranger: Furnished, edge: str
) -> None:
    mine = await furnish(project)
    before = await all_rows(database_url, stranger.project.project_id)
    assert all(MARK in json.dumps(before[table]) for table in ("events", "posts", "tasks", "claims", "leases"))
    answers: list[tuple[str, dict[str, Any], Answer]] = []

    async with wires(server, [mine.lead.token], mcp=edge == "mcp") as (wire,):
        for tool in CATALOG:
            calls = list(foreign_calls(tool, mine, stranger.project.handle))
            assert calls or not FOREIGN.keys() & names_of(tool), f"{tool.name} was not tried"
            answers += [
                (tool.name, arguments, await wire.call(tool.name, **arguments))
                for arguments in calls or [mine.arguments(tool)]
            ]

    for name, arguments, answer in answers:
        assert answer.code in {None, "not_found", BY_THEN.get(name)}, (name, arguments, answer)
        assert MARK not in json.dumps(answer.fields), (name, arguments, answer)
    assert await all_rows(database_url, stranger.project.project_id) == before
    assert {name for name, _, answer in answers if answer.code} >= {"ack", "task_start", "task_ship", "post"}
