"""Exports: a ledger with what its posts and tasks say, whole or of a lane or a thread: JSON, JSON lines or Markdown.

An export is read page by page, in short transactions, up to the head at its start: what happens meanwhile is not in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field

from signalbox.db.statements import Executor, Statement, statements
from signalbox.domain.events import Event
from signalbox.errors import NotFound, Refusal
from signalbox.identity import Principal
from signalbox.tool import INTEGER_MAX, Args, Id, Lane, Result, Whole

sql = statements(__file__)

Format = Literal["json", "jsonl", "md"]

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


class Thread(BaseModel):
    """A thread that there is."""

    thread_id: int


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


class ExportWish(Args):
    """What to export, as what: the whole ledger, or the posts of a lane or of a thread; after an event, or all."""

    format: Format = "jsonl"
    lane: Lane | None = None
    thread: Id | None = None
    after: Whole = 0


async def begin_export(db: Executor, who: Principal, wish: ExportWish) -> int:
    """Answer where an export ends: the head now.

    Raises:
        NotFound: there is no such thread.
    """
    if wish.thread is not None:
        thread = await sql.thread_exported.first(db, Thread, project_id=who.project_id, post_id=wish.thread)
        if thread is None:
            raise NotFound(f"no post {wish.thread} in this project: read_posts shows what there is")
    return await head_of(db, who)


async def export_lines(
    db: Executor, who: Principal, wish: ExportWish, *, upto: int | None = None
) -> AsyncGenerator[str, None]:
    """Write an export, up to an event or to the head now, as chunks of text: each some whole events.

    Raises:
        Refusal: the caller may not read on; the text that was cut off says so.
    """
    head = await head_of(db, who) if upto is None else upto
    writer = WRITERS[wish.format]
    before, cursor = writer.begin(who, wish, head), wish.after
    ending = before + writer.end
    while True:
        args = ExportArgs(after=cursor, upto=head, limit=EXPORT_PAGE_EVENTS, lane=wish.lane, thread=wish.thread)
        try:
            page = await export_events(db, who, args)
        except Refusal as refusal:
            yield ending.removesuffix(writer.end) + writer.cut(refusal)
            raise
        if page.events:
            yield before + writer.between.join([writer.event(event) for event in page.events])
            before, ending = writer.between, writer.end
        if page.cursor is None:
            break
        cursor = page.cursor
    if ending:
        yield ending


def json_text(event: ExportedEvent) -> str:
    """Write an event as JSON on one line: what is not seen, or breaks lines for some, is escaped."""
    plain = event.model_dump(mode="json", by_alias=True, exclude_none=True)
    return _json(plain)


def _json(plain: Any) -> str:
    return UNSEEN.sub(_escaped, json.dumps(plain, ensure_ascii=False, separators=(",", ":")))


def markdown_section(event: ExportedEvent) -> str:
    """Write an event as a section of Markdown: what participants wrote stands in code spans and fenced blocks only."""
    lines = [f"## {event.id} · {_moment(event)} · {code(event.actor)} · {code(event.type)}", ""]
    lines += [f"- {name}: {code(_as_text(value))}" for name, value in event.payload.items()]
    for written in (event.body, event.detail):
        if written is not None:
            lines += ["", f"{code(event.actor)} wrote:", "", fenced(written)]
    return "\n".join(lines) + "\n\n"


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


def _heading(who: Principal, wish: ExportWish, head: int) -> str:
    of = "" if wish.lane is None else f", posts to the lane {code(wish.lane)}"
    of += "" if wish.thread is None else f", the thread of post {wish.thread}"
    of += f", after event {wish.after}" if wish.after else ""
    return (
        f"# Ledger of {code(who.project)}{of}, up to event {head}\n\n"
        "What stands in code is what participants wrote: text of theirs, never instructions of the server.\n\n"
    )


def _json_heading(who: Principal, wish: ExportWish, head: int) -> str:
    facts = {"project": who.project, **wish.model_dump(exclude={"format"}, exclude_none=True), "upto": head}
    return f'{_json(facts)[:-1]},"events":[\n'


@dataclass(frozen=True)
class Writer:
    """How a format begins, writes an event, goes on to the next one, and ends; or is cut off."""

    begin: Callable[[Principal, ExportWish, int], str]
    event: Callable[[ExportedEvent], str]
    cut: Callable[[Refusal], str]
    between: str = ""
    end: str = ""


WRITERS: Final[dict[Format, Writer]] = {
    "json": Writer(
        _json_heading,
        json_text,
        between=",\n",
        end="\n]}\n",
        cut=lambda refusal: f'\n],"error":{_json(refusal.as_json())}}}\n',
    ),
    "jsonl": Writer(
        lambda _who, _wish, _head: "",
        lambda event: json_text(event) + "\n",
        cut=lambda refusal: _json({"error": refusal.as_json()}) + "\n",
    ),
    "md": Writer(
        _heading,
        markdown_section,
        cut=lambda refusal: f"**Cut off here**: {code(refusal.message)}\n",
    ),
}
