"""A project with a private and a secret lane in which all there is to say was said, and all that one may ask of it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, get_args

from domain.acts import LOOKS
from reading import pages
from signalbox.catalog import CATALOG
from signalbox.db.callers import Callers
from signalbox.db.statements import Executor
from signalbox.domain import documents, events, lanes, members
from signalbox.domain.events import OneEventArgs
from signalbox.domain.tasks import Status
from signalbox.errors import Refusal
from signalbox.identity import Principal, token_hash
from signalbox.tool import Effect
from support import Agent, Project

MARK = "zq7behindthedoor"


@dataclass(frozen=True)
class Closed:
    """Who is in the closed lanes, who is not (a lead), and what they are called."""

    project: Project
    maker: Agent
    member: Agent
    outsider: Agent
    secret: str
    private: str = "vault"

    @property
    def lanes(self) -> tuple[str, str]:
        return self.secret, self.private


async def closed_scene(project: Project) -> Closed:
    """Make the lanes, with two participants in each."""
    outsider = await project.join("outsider", lead=True)
    maker, member = await project.join("maker"), await project.join("member")
    for agent in (outsider, member, maker):
        await agent.call("register", lane="common")
    secret = (await maker.call("configure_lane", lane="ops", access="secret", invite=["member"]))["lane"]
    await maker.call("configure_lane", lane="vault", access="private", invite=["member"])
    for lane in (secret, "vault"):
        await member.call("join_lane", lane=lane)
    await outsider.call("post", to_lane="common", body="for all", ref="pr-1", tag="t")
    await outsider.call("task_create", title="for all", lane="common")
    return Closed(project, maker, member, outsider, secret)


async def say_all(scene: Closed, lane: str) -> None:
    """Do in a lane whatever can be done in one, with a mark in all that is written."""
    maker, member = scene.maker, scene.member
    texts = {"subject": MARK, "body": MARK, "ref": MARK, "tag": MARK}
    await maker.call("configure_lane", lane=lane, description=MARK)
    await maker.call("register", lane=lane, status=MARK)
    first = (await maker.call("post", to_lane=lane, **texts))["post_id"]
    await member.call("ack", post_id=first, note=MARK)
    await member.call("post", reply_to=first, body=MARK)
    asked = await maker.call("post", to_lane=lane, to_actor="member", kind="question", ack_within_seconds=60, **texts)
    await member.call("post", reply_to=asked["post_id"], kind="answer", body=MARK)
    await maker.call("post", to_lane=lane, to_actors=["member", "maker"], urgency="now", **texts)
    await maker.call("post", reply_to=first + 2, body=MARK)
    mine = await maker.call("read_posts", to_lane=lane, to_me=True, unacked_only=True)
    await maker.call("ack", post_ids=[post["post_id"] for post in mine["posts"]], note=MARK)
    for owner in ("member", "member", None):
        await maker.call(
            "task_create", title=MARK, detail=MARK, lane=lane, **({"owner": owner} if owner is not None else {})
        )
    tasks = sorted(task["task_id"] for task in (await maker.call("list_tasks", lane=lane))["tasks"])
    await member.call("task_start", task_id=tasks[0])
    await member.call("task_block", task_id=tasks[0], reason=MARK, on=tasks[1])
    await member.call("task_start", task_id=tasks[1])
    await member.call("task_ship", task_id=tasks[1])
    await maker.call("task_assign", task_id=tasks[2], owner="member")
    await member.call("task_note", task_id=tasks[2], note=MARK)
    await member.call("task_release", task_id=tasks[2], note=MARK)
    waits = await maker.call("task_create", title=MARK, lane=lane, depends_on=[tasks[2]], priority="high", ref=MARK)
    await member.call("task_next", lane=lane)
    await maker.call("task_cancel", task_id=waits["task_id"], reason=MARK)
    await maker.call("task_create", title=MARK, lane=lane)


def questions(lane: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Write the calls of all tools that read, with and without what names something of a lane."""
    everywhere: list[tuple[str, dict[str, Any]]] = [
        ("query_events", {"limit": 200}),
        ("query_events", {"after": 0, "limit": 200}),
        ("query_events", {"tag": MARK}),
        ("query_events", {"ref": MARK}),
        ("query_events", {"actor": "maker", "limit": 200}),
        *[
            ("query_events", {"type": kind, "after": 0, "limit": 200})
            for kind in ("post", "ack", "configure_lane", "join_lane", "lane_invite", "task_create", "register")
        ],
        ("whats_new", {"after": 0, "limit": 500}),
        ("read_posts", {"limit": 200}),
        ("read_posts", {"to_lane": lane}),
        ("read_posts", {"to_lane": lane, "tag": MARK}),
        ("read_posts", {"to_lane": lane, "unacked_only": True}),
        ("read_posts", {"to_lane": lane, "to_me": True}),
        ("read_posts", {"unacked_only": True}),
        ("read_posts", {"to_me": True}),
        ("read_posts", {"to_me": True, "unacked_only": True}),
        ("read_posts", {"kind": "question"}),
        ("read_posts", {"tag": MARK}),
        ("read_posts", {"ref": MARK}),
        ("list_tasks", {"limit": 200}),
        ("list_tasks", {"lane": lane}),
        ("list_tasks", {"owner": "member"}),
        *[("list_tasks", {"ready": True} | more) for more in ({}, {"lane": lane}, {"owner": "member"})],
        *[("list_tasks", {"status": status}) for status in get_args(Status)],
        ("who_is_active", {}),
        ("who_is_active", {"lane": lane}),
        ("list_lanes", {}),
        ("list_lanes", {"after": lane[:-1]}),
        ("editor_hook", {"event": "SessionStart", "session": "s"}),
        ("editor_hook", {"event": "UserPromptSubmit", "session": "s"}),
        ("search", {"query": MARK}),
        ("search", {"query": "or", "lane": lane}),
        ("search", {"query": "for all", "lane": lane}),
    ]
    yield from everywhere
    for tool, arguments in LOOKS.items():
        if CATALOG.tools[tool].effect is Effect.READS and tool != "whats_new":  # that moves a cursor
            yield tool, arguments
    for number in range(1, 14):
        yield "read_posts", {"post_id": number}
        yield "read_posts", {"thread": number}
        yield "post_status", {"post_id": number}
        yield "list_tasks", {"task_id": number}


async def asked(agent: Agent, calls: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, str]:
    """Call each; a refusal is an answer, too."""
    answers: dict[str, str] = {}
    for tool, arguments in calls:
        answers[f"{tool} {json.dumps(arguments)}"] = await _answer(agent.call(tool, **arguments))
    return answers


async def _answer(read: Awaitable[object]) -> str:
    try:
        answer = await read
    except Refusal as refusal:
        answer = refusal.as_json()
    return json.dumps(answer) if isinstance(answer, dict) else repr(answer)


async def shown(agent: Agent, lane: str) -> dict[str, str]:
    """Read what is no tool, as a page or a resource does for this participant."""
    async with Callers(agent.database).session(token_hash(agent.token)) as session:
        return await shown_to(session, await session.who(), lane)


async def shown_to(db: Executor, who: Principal, lane: str) -> dict[str, str]:
    """Read what is no tool, as somebody, with whatever the executor may see."""
    answers: dict[str, str] = {}
    for number in range(1, 14):
        for name, read in pages(lane, number).items():
            if number == 1 or "thread" in name:
                answers[f"{name} {number}"] = await _answer(read(db, who, 0))
    for number in range(1, 50):
        answers[f"event {number}"] = await _answer(events.one_event(db, who, OneEventArgs(id=number)))
    for uri in ("signalbox://inbox", "signalbox://board", "signalbox://ledger", "signalbox://ledger?after=0"):
        answers[uri] = (await documents.read(db, who, uri)).model_dump_json()
    answers["members"] = repr(await members.list_members(db, who))
    answers["lane members"] = repr(await lanes.list_lane_members(db, who, lane))
    return answers


async def events_of(agent: Agent, **filters: Any) -> list[tuple[str, dict[str, Any]]]:
    """Answer what an agent sees of the ledger, oldest first."""
    found = await agent.call("query_events", after=0, limit=200, **filters)
    return [(event["type"], event["payload"]) for event in found["events"]]


async def make_secret(agent: Agent, name: str = "ops") -> str:
    """Make a secret lane; answers its whole name."""
    made: str = (await agent.call("configure_lane", lane=name, access="secret"))["lane"]
    return made


async def let_in(member: Agent, lane: str, *guests: Agent) -> None:
    """Invite some, and let them join."""
    await member.call("configure_lane", lane=lane, invite=[guest.actor for guest in guests])
    for guest in guests:
        await guest.call("join_lane", lane=lane)
