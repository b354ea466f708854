"""Tasks: units of work with one owner, one state, and the reasons they wait."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from signalbox.db.acts import act
from signalbox.db.statements import Executor, Statement, statements
from signalbox.domain.events import Event
from signalbox.errors import NotFound
from signalbox.identity import Principal, Scope, ToolGroup
from signalbox.tool import (
    INTEGER_MAX,
    ActArgs,
    ActorName,
    Effect,
    FromJson,
    Id,
    Lane,
    Line,
    Moment,
    Page,
    Result,
    Text,
    Tool,
)

sql = statements(__file__)

Status = Literal["open", "assigned", "in_progress", "blocked", "done", "cancelled"]
Priority = Literal["high", "normal", "low"]

DEPENDENCIES_MAX: Final = 50

STEPS: Final[dict[Status, tuple[str, ...]]] = {
    "open": ("assign", "cancel"),
    "assigned": ("assign", "start", "release", "cancel"),
    "in_progress": ("block", "ship", "release", "cancel"),
    "blocked": ("block", "resolve", "release", "cancel"),
    "done": (),
    "cancelled": (),
}
"""What can be done next with a task, for who offers it; the functions decide."""

FINAL: Final[frozenset[Status]] = frozenset({"done", "cancelled"})


class TaskCreateArgs(ActArgs):
    """What is to be done, and by whom if that is known."""

    title: Annotated[Line, Field(max_length=200)]
    detail: Annotated[Text | None, Field(max_length=4000)] = None
    lane: Lane | None = None
    owner: Annotated[ActorName | None, Field(description="Assigns it at once.")] = None
    depends_on: Annotated[list[Id] | None, Field(max_length=DEPENDENCIES_MAX)] = None
    priority: Priority = "normal"
    ref: Annotated[Line | None, Field(max_length=120)] = None


class TaskState(Result):
    """A task as a step left it."""

    task_id: int
    status: Status
    owner: str | None = None
    on: int | None = None


async def task_create(db: Executor, who: Principal, args: TaskCreateArgs) -> TaskState:
    """Make a task: assigned when an owner is named, else open; it waits until all that it depends on is done."""
    return await act(db, "task_create", TaskState, who, args, **args.model_dump(exclude={"idempotency_key"}))


class TaskArgs(ActArgs):
    """Which task."""

    task_id: Id


class TaskAssignArgs(TaskArgs):
    """Which task, and who is to do it."""

    owner: ActorName


async def task_assign(db: Executor, who: Principal, args: TaskAssignArgs) -> TaskState:
    """Name the owner of a task that is open or assigned."""
    return await act(db, "task_assign", TaskState, who, args, task_id=args.task_id, owner=args.owner)


async def task_start(db: Executor, who: Principal, args: TaskArgs) -> TaskState:
    """Take up an assigned task; raises Conflict, with the state, while it waits, and for all but one of who try."""
    return await act(db, "task_start", TaskState, who, args, task_id=args.task_id)


class TaskBlockArgs(TaskArgs):
    """Which task cannot go on, why, and which other task it waits on."""

    reason: Annotated[Line, Field(max_length=500)]
    on: Annotated[Id | None, Field(description="A task.")] = None


async def task_block(db: Executor, who: Principal, args: TaskBlockArgs) -> TaskState:
    """Say that a task cannot go on; raises Conflict rather than let tasks, or participants, wait in a circle."""
    return await act(db, "task_block", TaskState, who, args, task_id=args.task_id, reason=args.reason, on=args.on)


class TaskResolveArgs(TaskArgs):
    """Which task may go on, and which blocker is gone."""

    blocker: Annotated[Id | None, Field(description="Only the blocker on this task; default all.")] = None


async def task_resolve(db: Executor, who: Principal, args: TaskResolveArgs) -> TaskState:
    """End blockers and dependencies; the task goes on when none is left."""
    return await act(db, "task_resolve", TaskState, who, args, task_id=args.task_id, blocker=args.blocker)


async def task_ship(db: Executor, who: Principal, args: TaskArgs) -> TaskState:
    """Finish a task, and unblock those that waited on it."""
    return await act(db, "task_ship", TaskState, who, args, task_id=args.task_id)


class ListTasksArgs(Page):
    """Which tasks."""

    status: Status | None = None
    owner: ActorName | None = None
    lane: Lane | None = None
    ready: bool = False
    task_id: Id | None = None


class Blocker(Result):
    """Why a task waits, or waited."""

    blocker_id: int
    on: int | None = None
    reason: str
    actor: str
    created_at: Moment
    resolved_at: Moment | None = None


class Dependency(Result):
    """A task that another one depends on, and since when that waits for it no more."""

    task_id: int
    title: str
    status: Status
    owner: str | None = None
    resolved_at: Moment | None = None


class Note(Result):
    """What somebody said of a task."""

    actor: str
    at: Moment
    note: str


class Task(Result):
    """A task; what stands below `ready` comes when one task is asked for, `notes` to who has just taken it."""

    task_id: int
    title: str
    lane: str | None = None
    owner: str | None = None
    status: Status
    blockers: Annotated[int, Field(description="How many are open.")]
    priority: Annotated[Priority | None, Field(description="normal is left out.")] = None
    ref: str | None = None
    depends_on: list[int] | None = None
    ready: Annotated[bool | None, Field(description="Whether what it depends on is done, before it is begun.")] = None
    detail: str | None = None
    created_by: str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    dependencies: Annotated[list[Dependency] | None, FromJson] = None
    blocked_by: Annotated[list[Blocker] | None, FromJson] = None
    notes: list[Note] | None = None
    history: list[Event] | None = None


class Tasks(Result):
    """Tasks, newest first."""

    tasks: list[Task]


async def list_tasks(db: Executor, who: Principal, args: ListTasksArgs) -> Tasks:
    """List tasks, or answer one whole; raises NotFound when that one is not there."""
    if args.task_id is not None:
        return Tasks(tasks=[await _whole(db, who, args.task_id)])
    statement = _statement_for(args)
    values = args.model_dump() | {"project_id": who.project_id, "before": args.before or INTEGER_MAX}
    return Tasks(tasks=await statement.all(db, Task, **{name: values[name] for name in statement.parameters}))


def _statement_for(args: ListTasksArgs) -> Statement:
    """Choose the statement that begins with the narrowest of what is asked for; each has an index."""
    if args.ready:
        if args.owner is not None:
            return sql.ready_tasks_of_owner
        return sql.ready_tasks if args.lane is None else sql.ready_tasks_of_lane
    if args.owner is not None:
        return sql.tasks_by_owner
    if args.status is not None and args.status not in FINAL:
        return sql.tasks_by_status
    if args.lane is not None:
        return sql.tasks_by_lane
    return sql.any_tasks if args.status is None else sql.tasks_by_status


async def _whole(db: Executor, who: Principal, task_id: int) -> Task:
    task = await sql.whole_task.first(db, Task, project_id=who.project_id, task_id=task_id)
    if task is None:
        raise NotFound(f"no task {task_id} in this project: list_tasks shows what there is")
    history = await sql.task_history.all(db, Event, project_id=who.project_id, task_id=task_id)
    return task.model_copy(update={"history": history})


TOOLS = (
    Tool(
        "task_create",
        task_create,
        Scope.WRITE,
        Effect.WRITES,
        "Make a task, open or assigned to an owner.",
        group=ToolGroup.WORK,
    ),
    Tool(
        "task_assign",
        task_assign,
        Scope.WRITE,
        Effect.REPEATS,
        "Name the owner of an open or assigned task.",
        group=ToolGroup.WORK,
    ),
    Tool(
        "task_start",
        task_start,
        Scope.WRITE,
        Effect.WRITES,
        "Take up a task assigned to you. Of several who try, one wins; the rest get a conflict.",
        group=ToolGroup.WORK,
    ),
    Tool(
        "task_block",
        task_block,
        Scope.WRITE,
        Effect.WRITES,
        "Say why your task cannot go on, and on which it waits.",
        group=ToolGroup.WORK,
    ),
    Tool(
        "task_resolve",
        task_resolve,
        Scope.WRITE,
        Effect.REPEATS,
        "Say that a blocker is gone; the task goes on.",
        group=ToolGroup.WORK,
    ),
    Tool(
        "task_ship",
        task_ship,
        Scope.WRITE,
        Effect.WRITES,
        "Finish your task; those waiting on it go on.",
        group=ToolGroup.WORK,
    ),
    Tool(
        "list_tasks",
        list_tasks,
        Scope.READ,
        Effect.READS,
        "Tasks, newest first; task_id gives one whole.",
        group=ToolGroup.WORK,
    ),
)
