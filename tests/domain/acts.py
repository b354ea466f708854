"""A project in which every act of the catalog can be done, and one way of doing each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from signalbox.catalog import CATALOG
from signalbox.tool import ActArgs
from support import Agent, Project

Arguments = dict[str, Any]


@dataclass(frozen=True)
class Way:
    """Arguments that work in the scene, and others that would be another act."""

    arguments: Arguments
    others: Arguments


ACTS = {
    "claim": Way({"sequence": "adr", "note": "The cache."}, {"sequence": "port"}),
    "seed_sequence": Way({"sequence": "adr", "current": 7, "prefix": "ADR-"}, {"sequence": "adr", "current": 8}),
    "register": Way({"lane": "backend", "status": "On the cache."}, {"lane": "review"}),
    "rename": Way({"label": "renamed"}, {"label": "another"}),
    "post": Way({"to_lane": "docs", "body": "Look."}, {"to_lane": "docs", "body": "Look!"}),
    "ack": Way({"post_id": 1}, {"post_id": 1, "outcome": "declined"}),
    "lease": Way({"surface": "src/app.py", "note": "The cache."}, {"surface": "src/app.py", "ttl_seconds": 60}),
    "release": Way({"surface": "held"}, {"surface": "src"}),
    "task_create": Way({"title": "Ship it"}, {"title": "Ship it", "lane": "backend"}),
    "task_assign": Way({"task_id": 1, "owner": "codex-1"}, {"task_id": 1, "owner": "lead"}),
    "task_start": Way({"task_id": 2}, {"task_id": 1}),
    "task_block": Way({"task_id": 3, "reason": "Waiting.", "on": 1}, {"task_id": 3, "reason": "Waiting."}),
    "task_resolve": Way({"task_id": 4}, {"task_id": 3}),
    "task_ship": Way({"task_id": 3}, {"task_id": 4}),
    "task_next": Way({}, {"lane": "docs"}),
    "task_release": Way({"task_id": 3, "note": "Half done."}, {"task_id": 2}),
    "task_cancel": Way({"task_id": 1, "reason": "Nobody needs it."}, {"task_id": 2}),
    "task_note": Way({"task_id": 1, "note": "Mind the cache."}, {"task_id": 1, "note": "Mind it."}),
    "settle_claim": Way(
        {"sequence": "adr", "number": 1, "outcome": "committed"}, {"sequence": "adr", "number": 1, "outcome": "void"}
    ),
    "admin_provision": Way({"participant_name": "new", "lane": "docs"}, {"participant_name": "new", "is_admin": True}),
    "admin_rotate": Way({"participant_name": "codex-1"}, {"participant_name": "lead"}),
    "admin_revoke": Way({"participant_name": "codex-1"}, {"participant_name": "lead"}),
    "join_lane": Way({"lane": "review"}, {"lane": "backend"}),
    "leave_lane": Way({"lane": "docs"}, {"lane": "review"}),
    "configure_lane": Way({"lane": "docs", "access": "private"}, {"lane": "docs", "description": "Texts."}),
    "create_invite": Way({"lane": "docs"}, {"lane": "docs", "uses": 2}),
    "note_override": Way(
        {"hook": "guard", "reason": "A typo.", "surfaces": ["src/app.py"]}, {"hook": "guard", "reason": "Agreed."}
    ),
}
LOOKS: dict[str, Arguments] = {
    "query_events": {"after": 0, "type": "post"},
    "whats_new": {},
    "read_posts": {"post_id": 1},
    "wait": {"timeout_seconds": 0},
    "sync": {},
    "reset_cursor": {"to": 0},
    "post_status": {"post_id": 1},
    "latest_claims": {},
    "list_sequences": {},
    "who_holds": {"surface": "held"},
    "list_tasks": {"task_id": 3},
    "who_is_active": {"lane": "docs"},
    "search": {"query": "look"},
    "whoami": {},
    "list_participants": {},
    "check_numbers": {"numbers": [{"sequence": "adr", "number": 1}, {"sequence": "none", "number": 2}]},
    "claims_of": {"sequence": "adr"},
    "my_token": {},
    "inbox": {"urgent_only": False},
    "editor_hook": {"event": "UserPromptSubmit", "session": "s-1"},
    "check_surfaces": {"surfaces": ["held", "src/app.py"]},
    "list_lanes": {},
}
CALLS = {name: way.arguments for name, way in ACTS.items()} | LOOKS
REPEATABLE = [tool.name for tool in CATALOG if issubclass(tool.args, ActArgs)]


async def scene(project: Project) -> Agent:
    """A lead with two posts unread, a lease held, and tasks open, assigned, in progress and blocked."""
    lead, peer = await project.join("lead", lead=True), await project.join("codex-1")
    await lead.call("register", lane="docs")
    for body in ("Look.", "Look again."):
        await peer.call("post", to_actor="lead", body=body)
    await lead.call("claim", sequence="adr")
    await lead.call("lease", surface="held", note="The cache.")
    await lead.call("task_create", title="First")
    for task_id in (2, 3, 4):
        await lead.call("task_create", title="Next", lane="docs", owner="lead")
        if task_id > 2:
            await lead.call("task_start", task_id=task_id)
    await lead.call("task_block", task_id=4, reason="Waiting.", on=3)
    return lead
