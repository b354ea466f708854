"""Stories: random histories of a project, and what its tables say at each of their events."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.yards import Yard
from signalbox.config import load_settings
from signalbox.domain import members, owners, tending
from signalbox.domain.history import EVERYBODY, LEADS
from signalbox.domain.members import RemoveArgs
from signalbox.errors import Refusal
from support import Agent

NAMES = ("author", "codex-1", "lead")
LANES = ("docs", "ops", "lead")
SURFACES = ("src/app.py", "src/**", "docs")

TABLES = {
    "posts": "select p.post_id from posts p where p.project_id = $1",
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
            from deliveries d
            join members m on m.project_id = $1 and m.participation_id = d.participation_id
            where d.project_id = $1 and d.post_id = p.post_id and d.acked_at is null and m.removed_at is null
                and (d.to_lane is null or d.by_name)
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
                dict(row["blockers"]),
            )
            for row in self.rows["tasks"]
        }

    def owed(self, named: dict[int, set[str]]) -> dict[int, tuple[set[str], set[str]]]:
        """Who owes what; to everybody and to leads a post has gone without naming them, as `named` says."""
        waiting = {}
        for row in self.rows["owed"]:
            groups = {f"lane {lane}" for lane in row["lanes"] if lane is not None}
            groups |= {name for name, is_so in ((EVERYBODY, row["to_all"]), (LEADS, row["to_leads"])) if is_so}
            actors = set(row["actors"])
            if row["to_all"] or row["to_leads"]:
                actors &= named.get(row["post_id"], set())
            waiting[row["post_id"]] = (actors, groups if row["nobody_acked"] else set())
        return {post_id: owed for post_id, owed in waiting.items() if owed[0] or owed[1]}


async def tell(yard: Yard) -> Told:
    project_id = yard.project.project_id
    await yard.boss.execute("select set_config('signalbox.project_ids', $1, false)", str(project_id))  # for members
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
    is_away: bool = False

    def _call(self, tool: str, **arguments: Any) -> Step:
        agent = self.agents[self.chance.choice((*NAMES, "lead", "lead"))]
        return lambda: agent.call(tool, **{name: value for name, value in arguments.items() if value is not None})

    def _some(self, *choices: Any) -> Any:
        return self.chance.choice(choices)

    def _task(self) -> int:
        return max(1, self._count("tasks") - self.chance.randrange(5))

    def _post_id(self) -> int:
        return max(1, self._count("posts") - self.chance.randrange(8))

    def _count(self, what: str) -> int:
        return len(self.told[-1].rows[what]) if self.told else 0

    def _post(self) -> Step:
        address = self._some(
            {"to_actor": self._some(*NAMES)},
            {"to_lane": self._some(*LANES)},
            {"to_lane": "docs", "to_actor": self._some(*NAMES)},
            {"to_lanes": ["docs", "ops"], "to_actors": list(NAMES[:2])},
            {"to_actors": list(NAMES)},
            {"to_all": True},
            *[{"reply_to": self._post_id()}] * 2,
        )
        due = self._some({}, {"ack_within_seconds": 60, "reroute": self._some(None, "lead", "ops")})
        ends = self._some({}, {"expires_in_seconds": 90})
        return self._call(
            "post", body="Look.", kind=self._some(None, "question", "question", "answer"), **address, **due, **ends
        )

    def step(self) -> Step:
        """Think of something that somebody may do."""
        simple: list[Callable[[], Step]] = [
            *[self._post] * 4,
            *[lambda: self._call("ack", post_id=self._post_id(), outcome=self._some("done", "declined"))] * 3,
            lambda: self._call("ack", through_id=self._post_id()),
            lambda: self._call("lease", surface=self._some(*SURFACES), mode=self._some("shared", "exclusive", None)),
            lambda: self._call("lease", surface=self._some(*SURFACES), ttl_seconds=60, queue=True),
            lambda: self._call("release", surface=self._some(*SURFACES)),
            lambda: self._call("release", lease_id=self.chance.randint(1, 5), reason="Stuck."),
            lambda: self._call("task_create", title="T", owner=self._some(None, *NAMES)),
            lambda: self._call("task_create", title="T", depends_on=[self._task(), self._task()], priority="high"),
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
            lambda: lambda: self.agents["author"].call("rename", label=self._some("author", "author-2")),
            lambda: self._change_handle,
            lambda: self._leave_and_come_back,
            lambda: self._let_pass,
            lambda: self._tend,
        ]
        return self.chance.choice(simple)()

    async def _change_handle(self) -> None:
        owner_id = await self.yard.boss.fetchval(
            "select owner_id from projects where project_id = $1", self.yard.project.project_id
        )
        await owners.change_handle(self.yard.database, owner_id, f"h{self.yard.project.project_id}-{self._some(1, 2)}")

    async def _leave_and_come_back(self) -> None:
        if self.is_away:
            self.agents["codex-1"] = await self.yard.join("codex-1")
        else:
            wish = RemoveArgs(participant_name="codex-1")
            await members.remove_member(self.yard.database, self.yard.project.owner, wish)
        self.is_away = not self.is_away

    async def _let_pass(self) -> None:
        await self.yard.let_pass(seconds=75)
        await self.yard.keep()

    async def _tend(self) -> None:
        await tending.tend_work(self.yard.database, load_settings({}, lease_renew_seconds=300))

    async def happen(self) -> None:
        """Do something, and look what the tables say then."""
        with suppress(Refusal):
            await self.step()()
        told = await tell(self.yard)
        if not self.told or told.head > self.told[-1].head:
            self.told.append(told)
