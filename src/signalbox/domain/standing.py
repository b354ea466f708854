"""How things stand, told: as data, as lines for a terminal, and as Markdown that is the same for the same ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from signalbox.domain.exports import code
from signalbox.domain.history import Hold, Owed, State, Task

Quote = Callable[[str], str]


def plain(state: State) -> dict[str, Any]:
    """Tell it as data."""
    return {
        "seq": state.seq,
        "at": None if state.at is None else _time(state.at),
        "holds": [_without_none(vars(hold) | {"expires_at": _time(hold.expires_at)}) for hold in state.holds()],
        "owed": [_owed(owed) for owed in state.owed()],
        "tasks": [_task(task) for task in state.tasks.values()],
        "sequences": dict(sorted(state.sequences.items())),
    }


def words(state: State) -> list[str]:
    """Tell it in lines."""
    at = "" if state.at is None else f", {_time(state.at)}"
    return [f"Event {state.seq}{at}", *_lines(state, lambda text: text, "", "  ")]


def title(seq: int) -> str:
    """The first line of the Markdown of an event."""
    return f"# State after event {seq}"


def markdown(state: State) -> str:
    """Tell it as Markdown; what participants wrote stands in code."""
    at = "" if state.at is None else f"\n{_time(state.at)}\n"
    return "\n".join([title(state.seq), at, *_lines(state, code, "## ", "- ")]) + "\n"


def _lines(state: State, quote: Quote, head: str, item: str) -> Iterator[str]:
    parts = (
        ("Held", [_hold_line(hold, quote) for hold in state.holds()]),
        ("Owed", [_owed_line(owed, quote) for owed in state.owed()]),
        ("Tasks", [_task_line(task, quote) for task in state.open_tasks()]),
        ("Sequences", [f"{quote(name)}: {quote(last)}" for name, last in sorted(state.sequences.items())]),
    )
    for name, lines in parts:
        yield f"{head}{name} ({len(lines)})"
        if head and lines:
            yield ""
        yield from (item + line for line in lines)
        yield ""


def _hold_line(hold: Hold, quote: Quote) -> str:
    shared = " (shared)" if hold.mode == "shared" else ""
    note = f": {quote(hold.note)}" if hold.note else ""
    return f"{quote(hold.surface)} by {quote(hold.holder)} until {_time(hold.expires_at)}{shared}{note}"


def _owed_line(owed: Owed, quote: Quote) -> str:
    by = [quote(actor) for actor in sorted(owed.actors)]
    if owed.anybody_of:
        by.append("anybody of " + ", ".join(quote(group) for group in owed.anybody_of))
    due = f", due {_time(owed.due_at)}" if owed.due_at else ""
    subject = f": {quote(owed.subject)}" if owed.subject else ""
    what = "question" if owed.is_question else "post"
    return f"{what} {owed.post_id} of {quote(owed.author)} by {' and '.join(by)}{due}{subject}"


def _task_line(task: Task, quote: Quote) -> str:
    owner = f" by {quote(task.owner)}" if task.owner else ""
    lane = f" in {quote(task.lane)}" if task.lane else ""
    waits = f", waits on {', '.join(map(str, task.waits_on))}" if task.waits_on else ""
    return f"{task.task_id} {task.status}{owner}{lane}{waits}: {quote(task.title)}"


def _owed(owed: Owed) -> dict[str, Any]:
    return _without_none(
        {
            "post_id": owed.post_id,
            "author": owed.author,
            "actors": sorted(owed.actors),
            "anybody_of": list(owed.anybody_of),
            "is_question": owed.is_question,
            "subject": owed.subject,
            "due_at": None if owed.due_at is None else _time(owed.due_at),
        }
    )


def _task(task: Task) -> dict[str, Any]:
    return _without_none(
        {
            "task_id": task.task_id,
            "title": task.title,
            "status": task.status,
            "owner": task.owner,
            "lane": task.lane,
            "waits_on": task.waits_on,
            "blockers": sorted(task.blockers),
        }
    )


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
