"""Calls whose cost must not grow with the ledger, on a project of `ledgers.make_long_project`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from signalbox.db.statements import Executor
from signalbox.domain import board, documents, doorbells, events, exports, queues, threads
from signalbox.domain.board import ActivityArgs
from signalbox.domain.events import OneEventArgs
from signalbox.domain.exports import ExportArgs
from signalbox.domain.queues import WaitersArgs
from signalbox.domain.threads import ThreadArgs
from signalbox.identity import Principal

Heads = dict[str, int]
Arguments = dict[str, Any] | Callable[[Heads], dict[str, Any]]


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def named(tool: str, arguments: Arguments) -> str:
    """Name a call by its arguments."""
    given = arguments({"head": 9, "post_head": 9}) if callable(arguments) else arguments
    words = [f"{name}={str(value)[:10]}" for name, value in given.items() if name not in {"limit", "body", "subject"}]
    return " ".join([tool, *words])


EVENT_FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"actor": "agent-3"},
    {"type": "ack"},
    {"sequence": "seq-1"},
    {"ref": "PR-3"},
    {"tag": "tag-3"},
    {"type": "old"},
    {"sequence": "old"},
    {"tag": "old"},
    {"actor": "agent-8"},
    {"type": "nothing"},
    {"sequence": "nothing"},
    {"ref": "nothing"},
    {"tag": "nothing"},
    {"actor": "agent-3", "type": "post"},
    {"actor": "agent-3", "type": "nothing"},
    {"actor": "agent-8", "type": "ack"},
    {"actor": "agent-3", "type": "old"},
    {"actor": "agent-3", "sequence": "seq-1"},
    {"actor": "agent-8", "sequence": "seq-1"},
    {"actor": "agent-3", "tag": "tag-3"},
    {"actor": "agent-8", "tag": "tag-3"},
    {"actor": "agent-3", "ref": "PR-3"},
    {"type": "post", "tag": "tag-3"},
    {"type": "post", "ref": "PR-3"},
    {"type": "claim", "sequence": "seq-1"},
    {"type": "claim", "tag": "tag-3"},
    {"type": "post", "sequence": "seq-1"},
    {"tag": "tag-3", "ref": "PR-3"},
    {"tag": "tag-3", "sequence": "seq-1"},
)

POST_FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"to_me": True},
    {"to_me": True, "unacked_only": True},
    {"to_me": True, "unacked_only": True, "to_lane": "lane-0"},
    {"to_me": True, "unacked_only": True, "tag": "tag-3"},
    {"to_me": True, "to_lane": "lane-0"},
    {"to_me": True, "to_lane": "lane-1"},
    {"to_me": True, "to_lane": "lane-1", "tag": "tag-3"},
    {"to_me": True, "to_lane": "old"},
    {"to_me": True, "tag": "tag-3"},
    {"to_me": True, "tag": "old"},
    {"to_me": True, "ref": "PR-3"},
    {"unacked_only": True},
    {"unacked_only": True, "tag": "tag-3"},
    {"unacked_only": True, "ref": "PR-3"},
    {"unacked_only": True, "to_lane": "lane-0"},
    {"unacked_only": True, "to_lane": "lane-1"},
    {"unacked_only": True, "to_lane": "nothing"},
    {"to_lane": "lane-1"},
    {"to_lane": "old"},
    {"to_lane": "nothing"},
    {"tag": "tag-3"},
    {"tag": "old"},
    {"tag": "nothing"},
    {"ref": "PR-3"},
    {"ref": "nothing"},
    {"to_lane": "lane-1", "tag": "tag-3"},
    {"post_id": 3},
    {"thread": 7},
    {"thread": 7, "kind": "question"},
    {"kind": "question"},
    {"kind": "question", "to_lane": "lane-1"},
    {"kind": "question", "to_me": True, "unacked_only": True},
    {"kind": "question", "unacked_only": True, "to_lane": "lane-1"},
    {"thread": 7, "to_me": True, "unacked_only": True},
    {"before": 40},
)

WAITS: tuple[dict[str, Any], ...] = (
    {},
    {"for": [{"on": "post", "from": "agent-3", "tag": "tag-3"}], "after": 0},
    {"for": [{"on": "post", "lane": "nothing"}]},
    {"for": [{"on": "ack", "post_id": 7}]},
    {"for": [{"on": "task"}]},
    {"for": [{"on": "task", "lane": "lane-1"}]},
    {"for": [{"on": "surface", "surface": "src/7/a.py"}]},
    {"for": [{"on": "event", "type": "claim"}, {"on": "seq"}], "after": 0},
)
ALL_CONDITIONS: list[dict[str, Any]] = [condition for waited in WAITS for condition in waited.get("for", [])]

TASK_FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"status": "assigned"},
    {"status": "open"},
    {"status": "done"},
    {"owner": "agent-3"},
    {"owner": "agent-8"},
    {"lane": "lane-1"},
    {"lane": "nothing"},
    {"owner": "agent-3", "status": "assigned"},
    {"owner": "agent-8", "status": "assigned"},
    {"owner": "agent-3", "status": "in_progress"},
    {"lane": "lane-1", "status": "assigned"},
    {"owner": "agent-3", "lane": "lane-1"},
    {"status": "cancelled"},
    {"ready": True},
    {"ready": True, "lane": "lane-1"},
    {"ready": True, "owner": "agent-3"},
    {"ready": True, "owner": "agent-3", "lane": "lane-1"},
)


def _with(tool: str, filters: tuple[dict[str, Any], ...], **more: Any) -> list[tuple[str, Arguments]]:
    return [(tool, given | more) for given in filters]


READS: list[tuple[str, Arguments]] = [
    ("check_numbers", {"numbers": [{"sequence": "seq-1", "number": 7}, {"sequence": "nothing", "number": 7}]}),
    ("claims_of", {"sequence": "seq-1", "limit": 5}),
    ("check_surfaces", {"surfaces": ["src/app.py"]}),
    ("inbox", {"limit": 5}),
    ("inbox", {"limit": 5, "urgent_only": True}),
    ("my_token", {}),
    ("editor_hook", {"event": "SessionStart", "session": "s"}),
    ("editor_hook", {"event": "Stop", "session": "s"}),
    ("authenticate", {}),
    *_with("read_posts", POST_FILTERS, limit=5),
    *_with("query_events", EVENT_FILTERS, limit=5),
    *_with("query_events", EVENT_FILTERS, limit=5, after=0),
    *_with("query_events", ({"before": 40}, {"type": "ack", "before": 40}), limit=5),
    ("query_events", lambda _: {"since": ago(seconds=50), "limit": 5}),
    ("query_events", lambda _: {"since": ago(seconds=50), "type": "ack", "limit": 5}),
    ("query_events", lambda _: {"until": ago(seconds=600), "actor": "agent-3", "limit": 5}),
    ("query_events", lambda _: {"since": ago(days=400), "until": ago(days=200), "limit": 5}),
    ("query_events", lambda _: {"since": ago(seconds=50), "after": 0, "limit": 5}),
    ("query_events", lambda heads: {"after": heads["head"] - 5, "limit": 5}),
    ("whats_new", lambda heads: {"after": heads["head"] - 5}),
    ("whats_new", {"after": 0, "limit": 5}),
    ("whats_new", {"advance_cursor": False, "limit": 5}),
    ("whats_new", {"redeliver": True, "limit": 5}),
    *_with("wait", WAITS, timeout_seconds=0),
    ("wait", lambda heads: {"timeout_seconds": 0, "for": ALL_CONDITIONS, "after": heads["head"] - 5}),
    ("wait", lambda heads: {"timeout_seconds": 0, "for": [{"on": "ack", "post_id": 7}], "after": heads["head"] - 5}),
    ("post_status", {"post_id": 7}),
    ("post_status", lambda heads: {"post_id": heads["post_head"]}),
    ("reset_cursor", {"to": 5}),
    ("latest_claims", {}),
    ("latest_claims", {"unsettled": True}),
    ("list_sequences", {}),
    ("who_holds", {}),
    ("who_holds", {"surface": "src/7/a.py"}),
    ("who_holds", {"surface": "src/**"}),
    *_with("list_tasks", TASK_FILTERS, limit=5),
    ("list_tasks", {"task_id": 3}),
    ("search", lambda _: {"query": "handoff", "since": ago(seconds=50)}),  # the rest in test_search_plans.py
    ("who_is_active", {}),
    ("list_participants", {}),
    ("list_lanes", {}),
    ("list_lanes", {"after": "lane-1"}),
]

ACTS: list[tuple[str, Arguments]] = [
    ("post", {"to_actor": "agent-0", "subject": "s", "body": "a handoff", "ref": "PR-3", "tag": "tag-3"}),
    ("post", {"to_lane": "lane-1", "subject": "s", "body": "a handoff", "ref": "PR-3", "tag": "tag-3"}),
    ("ack", lambda heads: {"post_id": heads["post_head"] - 1}),
    ("post", {"reply_to": 7, "body": "an answer"}),
    ("post", lambda heads: {"reply_to": heads["post_head"], "body": "and another"}),
    ("post", {"to_lanes": ["lane-0", "lane-1"], "to_actors": ["agent-1", "agent-2"], "body": "to several"}),
    ("post", {"to_all": True, "kind": "question", "ack_within_seconds": 60, "body": "to all"}),
    ("post", lambda heads: {"reply_to": heads["post_head"], "body": "to all again"}),
    ("claim", {"sequence": "seq-1"}),
    ("lease", {"surface": "src/7/a.py"}),
    ("release", {"surface": "src/7/a.py"}),
    ("lease", {"surface": "src/**", "queue": True}),
    ("lease", {"surface": "src/**", "mode": "shared"}),
    ("task_next", {}),
    ("task_next", {"lane": "lane-1"}),
    ("task_create", {"title": "and another", "priority": "high", "depends_on": [3]}),
    ("task_note", {"task_id": 3, "note": "it is done"}),
    ("task_create", {"title": "a task", "owner": "agent-3", "lane": "lane-1"}),
    ("post", {"to_actor": "agent-0", "body": "one more"}),
    ("ack", lambda heads: {"through_id": heads["post_head"]}),
    ("sync", {"posts": [{"to_actor": "agent-0", "body": "one more"}], "limit": 5}),
    ("sync", {"lane": "lane-1", "after": 0, "limit": 5}),
    ("sync", {"lane": "nothing", "limit": 5}),
    ("sync", {"thread": 7, "after": 0, "limit": 5}),
    ("whats_new", {"limit": 5}),
]

PageRead = Callable[[Executor, Principal, int], Awaitable[object]]


def pages(lane: str, post_id: int) -> dict[str, PageRead]:
    """Answer what only pages and streams read, each as a call with an executor, its caller and the id of an owner."""
    return {
        "board": lambda db, who, _: board.board(db, who),
        "overview": lambda db, _, owner_id: board.overview(db, owner_id),
        "activity": lambda db, who, _: board.activity(db, who, ActivityArgs()),
        "waiters": lambda db, who, _: queues.list_waiters(db, who, WaitersArgs(limit=5)),
        "waiters_for": lambda db, who, _: queues.list_waiters(db, who, WaitersArgs(surface="src/**")),
        "documents": lambda db, who, _: documents.read(db, who, "signalbox://inbox"),
        "prints": lambda db, who, _: documents.prints(db, who),
        "doorbells": lambda db, who, _: doorbells.waiting(db, who, []),
        "one_event": lambda db, who, _: events.one_event(db, who, OneEventArgs(id=7)),
        "thread": lambda db, who, _: threads.thread(db, who, ThreadArgs(post_id=post_id, limit=5)),
        "thread_end": lambda db, who, _: threads.thread(db, who, ThreadArgs(post_id=post_id, after=10**9)),
        "export": lambda db, who, _: exports.export_events(db, who, ExportArgs(limit=5)),
        "export_lane": lambda db, who, _: exports.export_events(db, who, ExportArgs(limit=5, lane=lane)),
        "export_thread": lambda db, who, _: exports.export_events(db, who, ExportArgs(limit=5, thread=post_id)),
        "export_on": lambda db, who, _: exports.export_events(db, who, ExportArgs(limit=5, after=9000, upto=20_000)),
        "export_lane_on": lambda db, who, _: exports.export_events(
            db,
            who,
            ExportArgs(limit=5, lane=lane, after=9001),  # a post's number
        ),
    }
