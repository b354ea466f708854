"""History: rebuilt from the ledger alone, things stand at every event as the tables said then."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.looking import looking
from domain.yards import Yard
from signalbox.config import load_settings
from signalbox.domain import members, owners, tending
from signalbox.domain.exports import ExportWish, export_lines
from signalbox.domain.history import EVERYBODY, LEADS, State
from signalbox.domain.members import RemoveArgs
from signalbox.errors import Refusal
from support import Agent

ACTS = 70
NAMES = ("author", "codex-1", "lead")
LANES = ("docs", "ops", "lead")
SURFACES = ("src/app.py", "src/**", "docs")

TABLES = {
    "holds": """
        select l.lease_id, l.surface, l.actor, l.mode, l.expires_at
        from leases l
        where l.project_id = $1 and l.released_at is null
    """,
    "tasks": """
        select t.task_id, t.status, t.owner,
            array(
                select d.on_task_id from task_dependencies d
                where d.project_id = $1 and d.task_id = t.task_id and d.resolved_at is null
            ) as depends_on,
            array(
                select array[b.blocker_id, b.on_task_id] from task_blockers b
                where b.project_id = $1 and b.task_id = t.task_id and b.resolved_at is null
            ) as blockers
        from tasks t
        where t.project_id = $1
    """,
    "owed": """
        select p.post_id, array(
            select m.actor
            from unnest(coalesce(p.to_actors, array[p.to_actor])) named
            cross join lateral resolve_actor_v1($1, named, true) m
            join deliveries d on d.project_id = $1 and d.post_id = p.post_id
                and d.participation_id = m.participation_id
            where named is not null and m.removed_at is null and d.acked_at is null
        ) as actors,
        p.acked_at is null as nobody_acked, coalesce(p.to_lanes, array[p.to_lane]) as lanes, p.to_all,
        p.reroute = 'lead' and p.overdue_at is not null as to_leads
        from posts p
        where p.project_id = $1 and p.expired_at is null and not (p.kind is not distinct from 'question'
            and p.acked_at is not null)
    """,
    "sequences": """
        select s.sequence, s.prefix || lpad(s.current::text, greatest(s.pad, length(s.current::text)), '0')
        from sequences s
        where s.project_id = $1
    """,
}


@dataclass
class Told:
    """What the tables said at an event."""

    head: int
    at: datetime
    rows: dict[str, list[Any]]

    def holds(self, at: datetime) -> dict[int, tuple[Any, ...]]:
        return {row["lease_id"]: tuple(row)[1:] for row in self.rows["holds"] if row["expires_at"] > at}

    def tasks(self) -> dict[int, tuple[Any, ...]]:
        return {
            row["task_id"]: (
                row["status"],
                row["owner"],
                set(row["depends_on"]),
                {number: on for number, on in row["blockers"]},
            )
            for row in self.rows["tasks"]
        }

    def owed(self) -> dict[int, tuple[set[str], set[str]]]:
        waiting = {}
        for row in self.rows["owed"]:
            groups = {f"lane {lane}" for lane in row["lanes"] if lane is not None}
            groups |= {name for name, is_so in ((EVERYBODY, row["to_all"]), (LEADS, row["to_leads"])) if is_so}
            waiting[row["post_id"]] = (set(row["actors"]), groups if row["nobody_acked"] else set())
        return {post_id: owed for post_id, owed in waiting.items() if owed[0] or owed[1]}


async def tell(yard: Yard) -> Told:
    project_id = yard.project.project_id
    ledger = await yard.boss.fetchrow("select head, last_at from ledgers where project_id = $1", project_id)
    assert ledger is not None
    rows = {name: await yard.boss.fetch(query, project_id) for name, query in TABLES.items()}
    return Told(ledger["head"], ledger["last_at"], rows)


Step = Callable[[], Awaitable[object]]


@dataclass
class Story:
    """A random history of a project."""

    yard: Yard
    agents: dict[str, Agent]
    chance: random.Random
    told: list[Told] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    def _call(self, tool: str, **arguments: Any) -> Step:
        agent = self.agents[self.chance.choice(NAMES)]
        return lambda: agent.call(tool, **{name: value for name, value in arguments.items() if value is not None})

    def _some(self, *choices: Any) -> Any:
        return self.chance.choice(choices)

    def _task(self) -> int:
        return self.chance.randint(1, 8)

    def _post(self) -> Step:
        address = self._some(
            {"to_actor": self._some(*NAMES)},
            {"to_lane": self._some(*LANES)},
            {"to_lane": "docs", "to_actor": self._some(*NAMES)},
            {"to_lanes": ["docs", "ops"], "to_actors": list(NAMES[:2])},
            {"to_actors": list(NAMES)},
            {"to_all": True},
            {"reply_to": self.chance.randint(1, 12)},
        )
        due = self._some({}, {"ack_within_seconds": 60, "reroute": self._some(None, "lead", "ops")})
        ends = self._some({}, {"expires_in_seconds": 90})
        return self._call("post", body="Look.", kind=self._some(None, "question", "answer"), **address, **due, **ends)

    def step(self) -> Step:
        """Think of something that somebody may do."""
        on = self.chance.sample(range(1, 9), 2)
        simple: list[Callable[[], Step]] = [
            *[self._post] * 4,
            *[lambda: self._call("ack", post_id=self.chance.randint(1, 12), outcome=self._some("done", "declined"))]
            * 3,
            lambda: self._call("ack", through_id=self.chance.randint(1, 12)),
            lambda: self._call("lease", surface=self._some(*SURFACES), mode=self._some("shared", "exclusive", None)),
            lambda: self._call("lease", surface=self._some(*SURFACES), ttl_seconds=60, queue=True),
            lambda: self._call("release", surface=self._some(*SURFACES)),
            lambda: self._call("release", lease_id=self.chance.randint(1, 5), reason="Stuck."),
            lambda: self._call("task_create", title="T", owner=self._some(None, *NAMES)),
            lambda: self._call("task_create", title="T", depends_on=on, priority="high"),
            lambda: self._call("task_assign", task_id=self._task(), owner=self._some(*NAMES)),
            *[lambda: self._call("task_start", task_id=self._task())] * 2,
            lambda: self._call("task_next"),
            lambda: self._call("task_block", task_id=self._task(), reason="Why.", on=self._some(None, self._task())),
            lambda: self._call("task_resolve", task_id=self._task(), blocker=self._some(None, self._task())),
            lambda: self._call("task_release", task_id=self._task(), note="No."),
            lambda: self._call("task_note", task_id=self._task(), note="So far."),
            *[lambda: self._call("task_ship", task_id=self._task())] * 2,
            lambda: self._call("task_cancel", task_id=self._task(), reason="No."),
            lambda: self._call("claim", sequence=self._some("adr", "rfc")),
            lambda: self._call("seed_sequence", sequence="adr", current=self.chance.randint(1, 99), prefix="A-", pad=3),
            lambda: self._call("settle_claim", sequence="rfc", number=1, outcome="committed"),
            lambda: self._call("register", lane=self._some(*LANES), visibility=self._some(None, "hidden", "ghost")),
            lambda: self._call("rename", label=f"{self._some(*NAMES)}-{self.chance.randint(1, 3)}"),
            lambda: self._change_handle,
            lambda: self._remove,
            lambda: self._come_back,
            lambda: self._let_pass,
            lambda: self._tend,
        ]
        return self._some(*simple)()

    async def _change_handle(self) -> None:
        owner_id = await self.yard.boss.fetchval(
            "select owner_id from projects where project_id = $1", self.yard.project.project_id
        )
        await owners.change_handle(self.yard.database, owner_id, f"h{self.yard.project.project_id}-{self._some(1, 2)}")

    async def _remove(self) -> None:
        wish = RemoveArgs(participant_name=self._some(*NAMES[:2]))
        await members.remove_member(self.yard.database, self.yard.project.owner, wish)

    async def _come_back(self) -> None:
        for name in NAMES:
            self.agents[name] = await self.yard.join(name, lead=name == "lead")

    async def _let_pass(self) -> None:
        await self.yard.let_pass(seconds=75)
        await self.yard.keep()

    async def _tend(self) -> None:
        await tending.tend_work(self.yard.database, load_settings({}, lease_renew_seconds=300))

    async def happen(self) -> None:
        """Do something, and look what the tables say then."""
        try:
            await self.step()()
        except Refusal as refusal:
            self.refused[refusal.code] += 1
        told = await tell(self.yard)
        if not self.told or told.head > self.told[-1].head:
            self.told.append(told)


async def ledger_of(yard: Yard) -> list[dict[str, Any]]:
    """Read the ledger as an export writes it, closed lanes and all."""
    async with looking(yard.database, yard.project.project_id) as page:
        await page.connection.execute("select set_config('signalbox.lanes', '*', false)")
        text = "".join([chunk async for chunk in export_lines(page, yard.project.owner, ExportWish())])
        await page.connection.execute("select set_config('signalbox.lanes', '', false)")
    return [json.loads(line) for line in text.splitlines()]


def compare(state: State, told: Told) -> None:
    assert state.at is not None
    assert abs(state.at - told.at) < timedelta(milliseconds=1)
    for later in (timedelta(), timedelta(minutes=2), timedelta(days=1)):
        at = told.at + later
        assert {
            hold.lease_id: (hold.surface, hold.holder, hold.mode, hold.expires_at) for hold in state.holds(at)
        } == told.holds(at)
    tasks = {
        task.task_id: (task.status, task.owner, set(task.depends_on), dict(task.blockers))
        for task in state.tasks.values()
    }
    assert tasks == told.tasks()
    assert {owed.post_id: (set(owed.actors), set(owed.anybody_of)) for owed in state.owed()} == told.owed()
    assert state.sequences == dict(told.rows["sequences"])


SEEN: set[str] = set()


@pytest.mark.parametrize("seed", range(6))
async def test_things_stand_at_every_event_as_the_tables_said_then(yard: Yard, seed: int) -> None:
    agents = {name: await yard.join(name, lead=name == "lead") for name in NAMES}
    story = Story(yard, agents, random.Random(seed))
    for _ in range(ACTS):
        await story.happen()
    events = await ledger_of(yard)
    SEEN.update(event["type"] for event in events)
    state = State()
    told = {one.head: one for one in story.told}
    compared = 0
    for event in events:
        state.apply(event)
        if event["id"] in told:
            compare(state, told[event["id"]])
            compared += 1

    assert compared == len(told) > ACTS / 3
