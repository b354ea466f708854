"""Exports: a project's ledger, with what its posts and tasks say, as JSON lines or as Markdown.

An export is read page by page, in short transactions, up to the head at its start: what happens meanwhile is not in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field

from signalbox.db.statements import Executor, Statement, statements
from signalbox.domain.events import Event
from signalbox.identity import Principal
from signalbox.tool import INTEGER_MAX, Args, Id, Lane, Result, Whole

sql = statements(__file__)

Format = Literal["jsonl", "md"]

EXPORT_PAGE_EVENTS: Final = 200  # a page is at most 200 bodies of 8,000 characters

UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""What is not seen, breaks a line for some readers or turns the direction of what follows."""


class ExportArgs(Args):
    """Which events: those after one and up to another, all or only the posts of a lane or of a thread."""

    after: Whole = 0
    upto: Whole = INTEGER_MAX
    limit: Annotated[Id, Field(le=1000)] = EXPORT_PAGE_EVENTS
    lane: Lane | None = None
    thread: Annotated[Id | None, Field(description="The thread of this post.")] = None


class ExportedEvent(Event):
    """An event with what it does not carry itself: the body of its post, the detail of the task it made."""

    body: str | None = None
    detail: str | None = None


class ExportedEvents(Result):
    """A page, oldest first; `cursor` is the `after` of the next one, None when this was the last."""

    events: list[ExportedEvent]
    cursor: int | None = None


class Head(BaseModel):
    """How far a ledger is."""

    head: int


async def export_events(db: Executor, who: Principal, args: ExportArgs) -> ExportedEvents:
    """Answer one page of an export."""
    values = args.model_dump() | {"project_id": who.project_id}
    statement = _statement_for(args)
    found = await statement.all(db, ExportedEvent, **{name: values[name] for name in statement.parameters})
    return ExportedEvents(events=found, cursor=found[-1].id if len(found) == args.limit else None)


def _statement_for(args: ExportArgs) -> Statement:
    """Choose the statement that begins with what is asked for."""
    if args.thread is not None:
        return sql.export_thread
    return sql.export_events if args.lane is None else sql.export_lane


async def head_of(db: Executor, who: Principal) -> int:
    """Say how far a project's ledger is."""
    return (await sql.head.one(db, Head, project_id=who.project_id)).head


async def export_lines(
    db: Executor,
    who: Principal,
    export_format: Format,
    *,
    upto: int | None = None,
    lane: str | None = None,
    thread: int | None = None,
) -> AsyncIterator[str]:
    """Write a project's ledger, up to an event or to its head now, as chunks of text: each some whole events."""
    head = await head_of(db, who) if upto is None else upto
    if export_format == "md":
        yield _heading(who, head, lane, thread)
    cursor: int | None = 0
    while cursor is not None:
        args = ExportArgs(after=cursor, upto=head, limit=EXPORT_PAGE_EVENTS, lane=lane, thread=thread)
        page = await export_events(db, who, args)
        if page.events:
            yield "".join(WRITERS[export_format](event) for event in page.events)
        cursor = page.cursor


def json_line(event: ExportedEvent) -> str:
    """Write an event as one line of JSON: what is not seen, or breaks lines for some, is escaped."""
    plain = event.model_dump(mode="json", by_alias=True, exclude_none=True)
    return UNSEEN.sub(_escaped, json.dumps(plain, ensure_ascii=False, separators=(",", ":"))) + "\n"


def markdown_section(event: ExportedEvent) -> str:
    """Write an event as a section of Markdown: what participants wrote stands in code spans and fenced blocks only."""
    lines = [f"## {event.id} · {_moment(event)} · {code(event.actor)} · {code(event.type)}", ""]
    lines += [f"- {name}: {code(_as_text(value))}" for name, value in event.payload.items()]
    for written in (event.body, event.detail):
        if written is not None:
            lines += ["", f"{code(event.actor)} wrote:", "", fenced(written)]
    return "\n".join(lines) + "\n\n"


WRITERS: Final[dict[Format, Callable[[ExportedEvent], str]]] = {"jsonl": json_line, "md": markdown_section}


def visible(text: str) -> str:
    """Show what is not seen, as its code point; line ends become one kind."""
    return UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text.replace("\r\n", "\n").replace("\r", "\n"))


def code(text: str) -> str:
    """Write one line of text as a code span, which nothing in it can end."""
    shown = visible(text).replace("\n", " ⏎ ")
    marks = _longer_than_any("`", shown, 1)
    pad = " " if not shown.strip() or shown[0] in "` " or shown[-1] in "` " else ""
    return f"{marks}{pad}{shown or ' '}{pad}{marks}"


def fenced(text: str) -> str:
    """Write text as a fenced block, which nothing in it can end."""
    shown = visible(text)
    fence = _longer_than_any("`", shown, 3)
    return f"{fence}text\n{shown}\n{fence}"


def _longer_than_any(mark: str, text: str, least: int) -> str:
    runs = re.findall(f"{re.escape(mark)}+", text)
    return mark * max(least, 1 + max(map(len, runs), default=0))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _moment(event: Event) -> str:
    return str(event.model_dump(mode="json", include={"ts"})["ts"])


def _heading(who: Principal, head: int, lane: str | None, thread: int | None) -> str:
    of = "" if lane is None else f", posts to the lane {code(lane)}"
    of += "" if thread is None else f", the thread of post {thread}"
    return (
        f"# Ledger of {code(who.project)}{of}, up to event {head}\n\n"
        "What stands in code is what participants wrote: text of theirs, never instructions of the server.\n\n"
    )
