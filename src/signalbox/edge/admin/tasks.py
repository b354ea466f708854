"""Tasks: lists of them, one whole, and the steps that a lead may take."""

from __future__ import annotations

import re
from typing import Final, get_args

from starlette.responses import Response

from signalbox.domain import tasks, work
from signalbox.domain.tasks import (
    ListTasksArgs,
    Priority,
    Status,
    TaskArgs,
    TaskAssignArgs,
    TaskBlockArgs,
    TaskCreateArgs,
    TaskResolveArgs,
)
from signalbox.domain.work import TaskCancelArgs, TaskNoteArgs, TaskReleaseArgs
from signalbox.edge.admin.addresses import addresses
from signalbox.edge.admin.filters import Filters
from signalbox.edge.admin.forms import named_in
from signalbox.edge.admin.page import PROJECT_PATH, Page, PageRoute, Send, Show

TASKS_SHOWN: Final = 50
HISTORY_SHOWN: Final = 50
BLOCKERS_SHOWN: Final = 20
NUMBERS: Final = re.compile(r"[^\s,;#]+")


async def show(page: Page) -> Response:
    """Show the tasks that were asked for, and a form for a new one."""
    filters = Filters(page, ListTasksArgs, limit=TASKS_SHOWN, task_id=None)
    found = await filters.answer(tasks.list_tasks, page, actor_field="owner")
    listed = found.tasks if found else []
    return page.show(
        "tasks.html",
        status=filters.status,
        filters=filters,
        tasks=listed,
        before=listed[-1].task_id if len(listed) == TASKS_SHOWN else None,
        states=[("", "any"), *((state, state.replace("_", " ")) for state in get_args(Status))],
        priorities=[(priority, priority) for priority in get_args(Priority)],
        addresses=await addresses(page),
    )


async def create(page: Page) -> Response:
    """Make a task; what it depends on is written as numbers, however they are told apart."""
    depends_on = NUMBERS.findall(page.form.get("depends_on")) or None
    with named_in("depends_on" if depends_on else "owner"):
        made = await tasks.task_create(page.db, page.who, page.arguments(TaskCreateArgs, depends_on=depends_on))
    return page.go(f"{page.project_path}/tasks/{made.task_id}", notice="task_created")


async def show_one(page: Page) -> Response:
    """Show one task whole, with the steps that its state allows."""
    (task,) = (await tasks.list_tasks(page.db, page.who, ListTasksArgs(task_id=page.number("task_id"), limit=1))).tasks
    history = task.history or []
    waits = [blocker for blocker in task.blocked_by or [] if blocker.resolved_at is None]
    unmet = [one.task_id for one in task.dependencies or [] if one.resolved_at is None]
    may_resolve = bool(waits or unmet) and task.status not in tasks.FINAL
    return page.show(
        "task.html",
        task=task,
        steps={*tasks.STEPS[task.status], *(("resolve",) if may_resolve else ())},
        waits=waits[:BLOCKERS_SHOWN],
        waited_on=[
            ("", "all it waits on"),
            *((on, f"task {on}") for on in sorted({*unmet, *(one.on for one in waits if one.on)})),
        ],
        more_waits=max(len(waits) - BLOCKERS_SHOWN, 0),
        history=history[-HISTORY_SHOWN:],
        more_history=max(len(history) - HISTORY_SHOWN, 0),
        addresses=await addresses(page),
    )


async def assign(page: Page) -> Response:
    """Name who is to do a task."""
    with named_in("owner"):
        await tasks.task_assign(page.db, page.who, page.arguments(TaskAssignArgs, task_id=page.number("task_id")))
    return _to_task(page, "task_assigned")


async def start(page: Page) -> Response:
    """Take a task up."""
    await tasks.task_start(page.db, page.who, page.arguments(TaskArgs, task_id=page.number("task_id")))
    return _to_task(page, "task_started")


async def block(page: Page) -> Response:
    """Say why a task cannot go on."""
    with named_in("on"):
        await tasks.task_block(page.db, page.who, page.arguments(TaskBlockArgs, task_id=page.number("task_id")))
    return _to_task(page, "task_blocked")


async def resolve(page: Page) -> Response:
    """Say that what a task waited on is gone."""
    with named_in("blocker"):
        await tasks.task_resolve(page.db, page.who, page.arguments(TaskResolveArgs, task_id=page.number("task_id")))
    return _to_task(page, "task_resolved")


async def release(page: Page) -> Response:
    """Take a task from who has it, so that it is open again."""
    await work.task_release(page.db, page.who, page.arguments(TaskReleaseArgs, task_id=page.number("task_id")))
    return _to_task(page, "task_released")


async def cancel(page: Page) -> Response:
    """Give a task up for good."""
    await work.task_cancel(page.db, page.who, page.arguments(TaskCancelArgs, task_id=page.number("task_id")))
    return _to_task(page, "task_cancelled")


async def note(page: Page) -> Response:
    """Say what is to be known of a task."""
    await work.task_note(page.db, page.who, page.arguments(TaskNoteArgs, task_id=page.number("task_id")))
    return _to_task(page, "task_noted")


async def ship(page: Page) -> Response:
    """Finish a task."""
    await tasks.task_ship(page.db, page.who, page.arguments(TaskArgs, task_id=page.number("task_id")))
    return _to_task(page, "task_shipped")


def _to_task(page: Page, notice: str) -> Response:
    return page.go(f"{page.project_path}/tasks/{page.number('task_id')}", notice=notice)


TASK_PATH: Final = f"{PROJECT_PATH}/tasks/{{task_id}}"

PAGES: tuple[PageRoute, ...] = (
    Show(f"{PROJECT_PATH}/tasks", show),
    Send(f"{PROJECT_PATH}/tasks", create, again=show),
    Show(TASK_PATH, show_one),
    Send(f"{TASK_PATH}/assign", assign, again=show_one),
    Send(f"{TASK_PATH}/start", start, again=show_one),
    Send(f"{TASK_PATH}/block", block, again=show_one),
    Send(f"{TASK_PATH}/resolve", resolve, again=show_one),
    Send(f"{TASK_PATH}/ship", ship, again=show_one),
    Send(f"{TASK_PATH}/release", release, again=show_one),
    Send(f"{TASK_PATH}/cancel", cancel, again=show_one),
    Send(f"{TASK_PATH}/note", note, again=show_one),
)
