"""Any history of three agents in a project, against a small model of it: what each is answered, and what is left."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx2
from anyio import from_thread, to_thread
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from edge.twins import read
from signalbox.db.pool import Database
from support import Agent, ServerProcess, make_project

WHO = st.integers(0, 2)  # the first is the lead
TASKS = st.integers(1, 4)
SURFACES = st.sampled_from(["a", "b/c"])
SEQUENCES = st.sampled_from(["adr", "port"])
CHANGED = None  # not refused


@dataclass
class Task:
    status: str
    owner: int | None
    creator: int
    rank: int = 2
    depends_on: set[int] = field(default_factory=set)
    waits_on: list[int | None] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.status in {"done", "cancelled"}

    @property
    def waits(self) -> bool:
        return bool(self.depends_on or self.waits_on)


async def make_agents(database: Database) -> list[Agent]:
    project = await make_project(database)
    return [await project.join(name, lead=name == "lead") for name in ("lead", "one", "two")]


class History(RuleBasedStateMachine):
    """One project; every rule calls a tool and compares."""

    def __init__(self, database: Database, web: httpx2.Client) -> None:
        super().__init__()
        self.web = web
        self.agents = from_thread.run(make_agents, database)
        self.first = self.call(0, "query_events", limit=1)["events"][0]["id"]
        self.head = self.first
        self.claimed = {"adr": 0, "port": 0}
        self.held: set[tuple[int, str]] = set()
        self.tasks: dict[int, Task] = {}
        self.kept: list[tuple[int, str, dict[str, Any], dict[str, Any]]] = []
        for task_id in (1, 2, 3):  # so that short histories come to something, too
            self.create(0, task_id % 3, None, 2)
            self.start(0, task_id)
        self.lease(1, "a")
        self.block(0, 1, 2)

    def call(self, who: int, tool: str, expected: str | None = CHANGED, **arguments: Any) -> dict[str, Any]:
        path = f"/api/tools/{tool}"
        outcome = read(self.web.post(path, headers=self.agents[who].headers, json=arguments))
        assert outcome.code == expected, (tool, arguments, outcome)
        return outcome.fields

    def act(self, who: int, tool: str, events: int = 1, **arguments: Any) -> dict[str, Any]:
        """Do something that is accepted and leaves events, under a key of its own."""
        arguments["idempotency_key"] = f"k{len(self.kept)}"
        answer = self.call(who, tool, **arguments)
        self.kept.append((who, tool, arguments, answer))
        self.head += events
        assert self.call(0, "query_events", limit=1)["events"][0]["id"] == self.head, (tool, arguments)
        return answer

    def refusal(self, who: int, task_id: int, legal: set[str]) -> str | None:
        """Say how a step of a task is refused, if it is."""
        task = self.tasks.get(task_id)
        if task is None:
            return "not_found"
        if task.status not in legal:
            return "conflict"
        return CHANGED if who in {0, task.owner} else "forbidden"

    @rule(who=WHO, sequence=SEQUENCES)
    def claim(self, who: int, sequence: str) -> None:
        self.claimed[sequence] += 1
        assert self.act(who, "claim", sequence=sequence)["number"] == self.claimed[sequence]

    @rule(who=WHO, surface=SURFACES)
    def lease(self, who: int, surface: str) -> None:
        others = {self.agents[one].actor for one, held in self.held if held == surface and one != who}
        self.held.add((who, surface))
        answer = self.act(who, "lease", surface=surface, ttl_seconds=86_400)
        assert {other["actor"] for other in answer["others"]} == others

    @rule(who=WHO, surface=SURFACES)
    def release(self, who: int, surface: str) -> None:
        held = int((who, surface) in self.held)
        self.held.discard((who, surface))
        assert self.act(who, "release", held, surface=surface)["released"] == held

    @rule(who=WHO, owner=st.none() | WHO, on=st.none() | TASKS, rank=st.integers(1, 3))
    def create(self, who: int, owner: int | None, on: int | None, rank: int) -> None:
        named: dict[str, Any] = {"title": "Do it", "priority": ("high", "normal", "low")[rank - 1]}
        named |= {} if owner is None else {"owner": self.agents[owner].actor}
        named |= {} if on is None else {"depends_on": [on]}
        if on is not None and (on not in self.tasks or self.tasks[on].status == "cancelled"):
            self.call(who, "task_create", "conflict" if on in self.tasks else "not_found", **named)
            return
        answer = self.act(who, "task_create", **named)
        assert answer["task_id"] == len(self.tasks) + 1
        depends_on = set() if on is None or self.tasks[on].is_over else {on}
        self.tasks[answer["task_id"]] = Task("open" if owner is None else "assigned", owner, who, rank, depends_on)

    @rule(who=WHO)
    def take(self, who: int) -> None:
        ready = [
            (task.rank, task_id)
            for task_id, task in self.tasks.items()
            if not task.waits and (task.status == "open" or (task.status, task.owner) == ("assigned", who))
        ]
        answer = self.act(who, "task_next", 1) if ready else self.call(who, "task_next")
        waiting = [task for task in self.tasks.values() if task.status == "open" and task.waits]
        if not ready:
            assert answer["waiting"] == len(waiting)
            return
        assert answer["task"]["task_id"] == min(ready)[1]
        taken = self.tasks[min(ready)[1]]
        taken.status, taken.owner = "in_progress", who

    @rule(who=WHO, task_id=TASKS)
    def give_back(self, who: int, task_id: int) -> None:
        refused = self.refusal(who, task_id, {"assigned", "in_progress", "blocked"})
        if refused:
            self.call(who, "task_release", refused, task_id=task_id)
            return
        self.act(who, "task_release", task_id=task_id)
        self.tasks[task_id].status, self.tasks[task_id].owner = "open", None

    @rule(who=WHO, task_id=TASKS)
    def give_up(self, who: int, task_id: int) -> None:
        task = self.tasks.get(task_id)
        if task is None or task.is_over:
            self.call(who, "task_cancel", "not_found" if task is None else "conflict", task_id=task_id)
        elif who not in {0, task.owner, task.creator}:
            self.call(who, "task_cancel", "forbidden", task_id=task_id)
        else:
            self.end(who, "task_cancel", task_id, "cancelled")

    @rule(who=WHO, task_id=TASKS, owner=WHO)
    def assign(self, who: int, task_id: int, owner: int) -> None:
        named = {"task_id": task_id, "owner": self.agents[owner].actor}
        task = self.tasks.get(task_id)
        if task is None or task.status not in {"open", "assigned"}:
            self.call(who, "task_assign", "not_found" if task is None else "conflict", **named)
        elif task.owner not in {None, owner, who} and who not in {0, task.creator}:
            self.call(who, "task_assign", "forbidden", **named)
        else:
            self.act(who, "task_assign", int(task.owner != owner), **named)
            task.status, task.owner = "assigned", owner

    @rule(who=WHO, task_id=TASKS)
    def start(self, who: int, task_id: int) -> None:
        refused = self.refusal(who, task_id, {"assigned"})
        if refused is None and self.tasks[task_id].waits:
            refused = "conflict"
        if refused:
            self.call(who, "task_start", refused, task_id=task_id)
        else:
            self.act(who, "task_start", task_id=task_id)
            self.tasks[task_id].status = "in_progress"

    @rule(who=WHO, task_id=TASKS, on=st.none() | TASKS)
    def block(self, who: int, task_id: int, on: int | None) -> None:
        named: dict[str, Any] = {"task_id": task_id, "reason": "It waits.", "on": on}
        refused = self.refusal(who, task_id, {"in_progress", "blocked"})
        if refused is None and on is not None:
            over = on in self.tasks and (self.tasks[on].is_over or task_id in self.awaited_by(on))
            refused = "not_found" if on not in self.tasks else "conflict" if over else None
        if refused:
            self.call(who, "task_block", refused, **named)
        else:
            self.act(who, "task_block", **named)
            self.tasks[task_id].status = "blocked"
            self.tasks[task_id].waits_on.append(on)

    def awaited_by(self, task_id: int) -> set[int]:
        """Name a task and all that it waits on, however far."""
        found, ahead = {task_id}, [task_id]
        while ahead:
            task = self.tasks[ahead.pop()]
            new = {on for on in (*task.waits_on, *task.depends_on) if on is not None} - found
            found |= new
            ahead += new
        return found

    @rule(who=WHO, task_id=TASKS)
    def resolve(self, who: int, task_id: int) -> None:
        task = self.tasks.get(task_id)
        if task is None:
            self.call(who, "task_resolve", "not_found", task_id=task_id)
            return
        self.act(who, "task_resolve", int(task.waits), task_id=task_id)
        task.depends_on = set()
        self.unblock(task, set(task.waits_on))

    def unblock(self, task: Task, gone: set[int | None]) -> None:
        task.waits_on = [on for on in task.waits_on if on not in gone]
        if task.status == "blocked" and not task.waits_on:
            task.status = "in_progress"

    @rule(who=WHO, task_id=TASKS)
    def ship(self, who: int, task_id: int) -> None:
        refused = self.refusal(who, task_id, {"in_progress"})
        if refused:
            self.call(who, "task_ship", refused, task_id=task_id)
            return
        self.end(who, "task_ship", task_id, "done")

    def end(self, who: int, tool: str, task_id: int, status: str) -> None:
        waiting = [task for task in self.tasks.values() if task_id in task.waits_on]
        self.act(who, tool, 1 + len(waiting), task_id=task_id)
        ended = self.tasks[task_id]
        ended.status, ended.waits_on, ended.depends_on = status, [], set()
        for task in self.tasks.values():
            task.depends_on.discard(task_id)
        for task in waiting:
            self.unblock(task, {task_id})

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        if self.kept:
            who, tool, arguments, answer = data.draw(st.sampled_from(self.kept))
            assert self.call(who, tool, **arguments) == answer
            if tool in {"claim", "lease"}:
                self.call(who, tool, "conflict", **arguments | {"note": "Under the same key."})

    def teardown(self) -> None:
        events = self.call(1, "query_events", after=0, limit=1000)["events"]
        assert [event["id"] for event in events] == list(range(1, self.head + 1))
        numbers = {one["sequence"]: one["number"] for one in self.call(1, "latest_claims")["sequences"]}
        assert numbers == {sequence: number for sequence, number in self.claimed.items() if number}
        held = [(one["actor"], one["surface"]) for one in self.call(1, "who_holds")["leases"]]
        assert sorted(held) == sorted((self.agents[who].actor, surface) for who, surface in self.held)
        listed = self.call(1, "list_tasks", limit=200)["tasks"]
        assert len(listed) == len(self.tasks)
        for found in listed:
            task = self.tasks[found["task_id"]]
            owner = None if task.owner is None else self.agents[task.owner].actor
            expected = (task.status, owner, len(task.waits_on))
            assert (found["status"], found.get("owner"), found["blockers"]) == expected
            assert found.get("ready", not task.waits) == (not task.waits)


async def test_any_history_is_as_a_small_model_says(server: ServerProcess, database: Database) -> None:
    with httpx2.Client(base_url=server.url, timeout=20, trust_env=False) as web:
        machine: Any = partial(History, database, web)
        bounds = settings(max_examples=2 * settings().max_examples)
        await to_thread.run_sync(partial(run_state_machine_as_test, settings=bounds), machine)
