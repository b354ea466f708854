"""History: how things stood at an event, rebuilt from the ledger alone: what was held, owed and done, and by whom.

Pure: it takes events as an export writes them, and knows no database. An event of a type that it does not know changes
nothing, so it reads ledgers of versions that are still to come. What an exporter may not see (closed lanes) is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

Payload = Mapping[str, Any]

ENDED: Final = frozenset({"done", "cancelled"})
EVERYBODY: Final = "everybody"
LEADS: Final = "a lead"
HANDED_ON_TO_LEADS: Final = "lead"  # as an overdue post says it


@dataclass(frozen=True)
class Hold:
    """A surface that somebody holds; when its time is over, it is over without an event."""

    lease_id: int
    surface: str
    holder: str
    expires_at: datetime
    mode: str = "exclusive"
    note: str | None = None


@dataclass(frozen=True)
class Owed:
    """A post that waits for acks: one of each actor that it names, and one of anybody it went to besides."""

    post_id: int
    author: str
    actors: frozenset[str]
    groups: tuple[str, ...]
    """Lanes as `lane docs`, EVERYBODY or LEADS."""
    is_question: bool = False
    is_acked: bool = False
    subject: str | None = None
    due_at: datetime | None = None

    @property
    def anybody_of(self) -> tuple[str, ...]:
        """The groups of which anybody owes an ack: as long as there was none."""
        return () if self.is_acked else self.groups


@dataclass(frozen=True)
class Task:
    """A task, and what it waits for: other tasks, and what else blocks it."""

    task_id: int
    title: str
    status: str
    owner: str | None = None
    lane: str | None = None
    depends_on: frozenset[int] = frozenset()
    blockers: Mapping[int, int | None] = field(default_factory=dict)
    """By their numbers; which task each waits on, if it is one."""

    @property
    def waits_on(self) -> list[int]:
        """The tasks that it waits on."""
        return sorted(self.depends_on | {on for on in self.blockers.values() if on is not None})


class State:
    """How things stand after the events that were applied, in their order."""

    def __init__(self) -> None:
        self.seq = 0
        self.at: datetime | None = None
        self.tasks: dict[int, Task] = {}
        self.sequences: dict[str, str] = {}
        """The last number of each, as it is written."""
        self._holds: dict[int, Hold] = {}
        self._owed: dict[int, Owed] = {}
        self._gone: set[str] = set()
        self._dependents: dict[int, set[int]] = {}

    def apply(self, event: Mapping[str, Any]) -> None:
        """Take the next event; raises ValueError when it is not a later one."""
        if event["id"] <= self.seq:
            raise ValueError(f"event {event['id']} does not come after event {self.seq}")
        self.seq = event["id"]
        self.at = datetime.fromisoformat(event["ts"])
        change = CHANGES.get(event["type"])
        if change is not None:
            change(self, event["payload"], event["actor"])

    def holds(self, at: datetime | None = None) -> list[Hold]:
        """What is held, at the time of the last event or at a later one."""
        at = at or self.at
        return [hold for hold in self._holds.values() if at is None or hold.expires_at > at]

    def owed(self) -> list[Owed]:
        """The posts that wait for acks; who has left the project owes none."""
        waiting = (replace(owed, actors=owed.actors - self._gone) for owed in self._owed.values())
        return [owed for owed in waiting if owed.actors or owed.anybody_of]

    def open_tasks(self) -> list[Task]:
        """The tasks that are neither done nor cancelled."""
        return [task for task in self.tasks.values() if task.status not in ENDED]

    def lease(self, payload: Payload, actor: str) -> None:
        """Hold a surface, or hold it for longer."""
        self._holds[payload["lease_id"]] = Hold(
            payload["lease_id"],
            payload["surface"],
            actor,
            datetime.fromisoformat(payload["expires_at"]),
            payload.get("mode", "exclusive"),
            payload.get("note"),
        )

    def release(self, payload: Payload, _actor: str) -> None:
        """Hold it no more."""
        self._holds.pop(payload["lease_id"], None)

    def post(self, payload: Payload, actor: str) -> None:
        """Hand something over; a reply may answer a question with it."""
        if "answers" in payload:
            self._acked(payload["answers"], actor)
        actors = payload.get("to_actors") or [payload[name] for name in ("to_actor",) if name in payload]
        lanes = payload.get("to_lanes") or [payload[name] for name in ("to_lane",) if name in payload]
        groups = [_lane(lane) for lane in lanes] + [EVERYBODY] * bool(payload.get("to_all"))
        due_at = payload.get("due_at")
        self._owed[payload["post_id"]] = Owed(
            payload["post_id"],
            actor,
            frozenset(actors),
            tuple(groups),
            is_question=payload.get("kind") == "question",
            subject=payload.get("subject"),
            due_at=datetime.fromisoformat(due_at) if due_at else None,
        )

    def ack(self, payload: Payload, actor: str) -> None:
        """Answer what somebody handed over."""
        for post_id in payload.get("post_ids") or [payload["post_id"]]:
            self._acked(post_id, actor)

    def _acked(self, post_id: int, actor: str) -> None:
        owed = self._owed.get(post_id)
        if owed is None:
            return
        actors = frozenset[str]() if owed.is_question else owed.actors - {actor}
        if actors:
            self._owed[post_id] = replace(owed, actors=actors, is_acked=True)
        else:
            del self._owed[post_id]

    def overdue(self, payload: Payload, _actor: str) -> None:
        """Let a post go on to others, where it was wanted so."""
        owed, target = self._owed.get(payload["post_id"]), payload.get("rerouted_to")
        if owed is None or target is None:
            return
        group = LEADS if target == HANDED_ON_TO_LEADS else _lane(target)
        if group not in owed.groups:
            self._owed[owed.post_id] = replace(owed, groups=(*owed.groups, group))

    def expire(self, payload: Payload, _actor: str) -> None:
        """Let a post wait no more."""
        self._owed.pop(payload["post_id"], None)

    def create_task(self, payload: Payload, _actor: str) -> None:
        """Make a task; what it depends on and is over, it need not wait for."""
        wanted = payload.get("depends_on") or []
        waits_on = frozenset(on for on in wanted if on not in self.tasks or self.tasks[on].status not in ENDED)
        self.tasks[payload["task_id"]] = Task(
            payload["task_id"],
            payload["title"],
            payload["status"],
            payload.get("owner"),
            payload.get("lane"),
            waits_on,
        )
        for on in waits_on:
            self._dependents.setdefault(on, set()).add(payload["task_id"])

    def move_task(self, payload: Payload, _actor: str) -> None:
        """Let a task take a step; one that is over waits on nothing, and what waited on it goes on."""
        task = self.tasks.get(payload["task_id"])
        if task is None or "status" not in payload:
            return
        blockers = dict(task.blockers)
        if "blocker_id" in payload:
            blockers[payload["blocker_id"]] = payload.get("on")
        for ended in payload.get("blocker_ids") or []:
            blockers.pop(ended, None)
        depends_on = task.depends_on - frozenset(payload.get("depends_on") or [])
        is_over = payload["status"] in ENDED
        self.tasks[task.task_id] = replace(
            task,
            status=payload["status"],
            owner=payload.get("owner"),
            depends_on=frozenset() if is_over else depends_on,
            blockers={} if is_over else blockers,
        )
        if is_over:
            for task_id in self._dependents.pop(task.task_id, ()):
                waiting = self.tasks[task_id]
                self.tasks[task_id] = replace(waiting, depends_on=waiting.depends_on - {task.task_id})

    def claim(self, payload: Payload, _actor: str) -> None:
        """Take a number."""
        self.sequences[payload["sequence"]] = payload["formatted"]

    def seed(self, payload: Payload, _actor: str) -> None:
        """Let a sequence go on elsewhere, or look otherwise."""
        number = str(payload["current"]).rjust(payload["pad"], "0")
        self.sequences[payload["sequence"]] = payload["prefix"] + number

    def leave(self, payload: Payload, _actor: str) -> None:
        """Take somebody out."""
        self._gone.add(payload["participant"])

    def come(self, payload: Payload, _actor: str) -> None:
        """Bring somebody in, or back."""
        self._gone.discard(payload["participant"])

    def rename(self, payload: Payload, _actor: str) -> None:
        """Call somebody by another name, in what is not over."""
        was, now = payload["from"], payload["to"]

        def renamed(name: str) -> str:
            return now + name.removeprefix(was) if name == was or name.startswith(f"{was}/") else name

        self._holds = {key: replace(hold, holder=renamed(hold.holder)) for key, hold in self._holds.items()}
        self._owed = {
            key: replace(owed, actors=frozenset(map(renamed, owed.actors))) for key, owed in self._owed.items()
        }
        for task in self.open_tasks():
            if task.owner is not None:
                self.tasks[task.task_id] = replace(task, owner=renamed(task.owner))
        self._gone = set(map(renamed, self._gone))


def _lane(name: str) -> str:
    return f"lane {name}"


CHANGES: Final[Mapping[str, Callable[[State, Payload, str], None]]] = {
    "lease": State.lease,
    "release": State.release,
    "post": State.post,
    "ack": State.ack,
    "overdue": State.overdue,
    "expire": State.expire,
    "task_create": State.create_task,
    "task_assign": State.move_task,
    "task_start": State.move_task,
    "task_block": State.move_task,
    "task_resolve": State.move_task,
    "task_release": State.move_task,
    "task_ship": State.move_task,
    "task_cancel": State.move_task,
    "claim": State.claim,
    "seed": State.seed,
    "admin_remove": State.leave,
    "leave": State.leave,
    "admin_provision": State.come,
    "join": State.come,
    "rename": State.rename,
}
"""What each type of event changes; the others change nothing of this."""
