"""Work: tasks that are taken in turn, given back, given up, and told about."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from signalbox.db.acts import act
from signalbox.db.statements import Executor
from signalbox.domain.tasks import Status, Task, TaskArgs, TaskState
from signalbox.identity import Principal, Scope, ToolGroup
from signalbox.tool import ActArgs, Effect, Lane, Line, Result, Text, Tool


class TaskNextArgs(ActArgs):
    """Of which lane; of any when left out."""

    lane: Lane | None = None


class Obstacle(Result):
    """A task that others wait on."""

    task_id: int
    title: str
    status: Status
    owner: str | None = None
    holds_up: Annotated[int, Field(description="How many of the open tasks wait on it.")]


class NextTask(Result):
    """The task that is the caller's now, whole; or, where none can be taken up, how many wait, and on what."""

    task: Task | None = None
    waiting: Annotated[int | None, Field(description="Open tasks that wait, counted to 100.")] = None
    waits_on: list[Obstacle] | None = None


async def task_next(db: Executor, who: Principal, args: TaskNextArgs) -> NextTask:
    """Take and start the next task, by priority, then age: exactly one of those who ask at once gets it."""
    return await act(db, "task_next", NextTask, who, args, lane=args.lane)


class TaskReleaseArgs(TaskArgs):
    """Which task, and what the next one should know."""

    note: Annotated[Text | None, Field(max_length=1000)] = None


async def task_release(db: Executor, who: Principal, args: TaskReleaseArgs) -> TaskState:
    """Give a task back, so that it is open again.

    Raises:
        Forbidden: the caller is neither its owner nor a lead.
        Conflict: nobody has it; says how it stands.
    """
    return await act(db, "task_release", TaskState, who, args, task_id=args.task_id, note=args.note)


class TaskCancelArgs(TaskArgs):
    """Which task, and why nobody is to do it any more."""

    reason: Annotated[Line | None, Field(max_length=500)] = None


async def task_cancel(db: Executor, who: Principal, args: TaskCancelArgs) -> TaskState:
    """Give a task up for good; what waited on it goes on.

    Raises:
        Forbidden: the caller is neither its creator nor its owner nor a lead.
        Conflict: it has ended already.
    """
    return await act(db, "task_cancel", TaskState, who, args, task_id=args.task_id, reason=args.reason)


class TaskNoteArgs(TaskArgs):
    """Which task, and what is to be known about it."""

    note: Annotated[Text, Field(max_length=1000)]


async def task_note(db: Executor, who: Principal, args: TaskNoteArgs) -> TaskState:
    """Say how a task goes: it stands in its history, and goes on with it to whoever takes it up next."""
    return await act(db, "task_note", TaskState, who, args, task_id=args.task_id, note=args.note)


TOOLS = (
    Tool(
        "task_next",
        task_next,
        Scope.WRITE,
        Effect.WRITES,
        "Take and start the next ready task.",
        group=ToolGroup.WORK,
    ),
    Tool("task_release", task_release, Scope.WRITE, Effect.WRITES, "Give your task back.", group=ToolGroup.WORK),
    Tool("task_cancel", task_cancel, Scope.WRITE, Effect.WRITES, "Give a task up for good.", group=ToolGroup.WORK),
    Tool("task_note", task_note, Scope.WRITE, Effect.WRITES, "Note progress on a task.", group=ToolGroup.WORK),
)
