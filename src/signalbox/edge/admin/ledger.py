"""The ledger: events by exact filters, one event, how busy the project was, and the ledger as a file."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response, StreamingResponse

from signalbox.domain.board import ActivityArgs, activity
from signalbox.domain.events import OneEventArgs, QueryArgs, one_event, query_events
from signalbox.domain.exports import Format
from signalbox.domain.projects import export_project
from signalbox.edge.admin.chart import chart_of
from signalbox.edge.admin.filters import Filters
from signalbox.edge.admin.page import PROJECT_PATH, Page, PageRoute, Show
from signalbox.edge.admin.summaries import SUMMARIES, about, payload_text

EVENTS_SHOWN: Final = 50
KINDS: Final[dict[Format, str]] = {"jsonl": "application/x-ndjson", "md": "text/markdown; charset=utf-8"}


async def show(page: Page) -> Response:
    """Show the events that were asked for, newest first; over all of them, how busy the last hours were."""
    filters = Filters(page, QueryArgs, limit=EVENTS_SHOWN, last_n=None, after=None)
    found = await filters.answer(query_events, page, actor_field="actor")
    events = found.events if found else []
    is_whole = filters.is_first and not filters.given
    return page.show(
        "ledger.html",
        status=filters.status,
        filters=filters,
        events=events,
        before=events[-1].id if len(events) == EVENTS_SHOWN else None,
        types=sorted(SUMMARIES),
        chart=chart_of(await activity(page.db, page.who, ActivityArgs())) if is_whole else None,
    )


async def show_one(page: Page) -> Response:
    """Show one event, whole."""
    event = await one_event(page.db, page.who, OneEventArgs(id=page.number("seq")))
    return page.show("event.html", event=event, about=about(event), payload=payload_text(event))


async def export_as_json(page: Page) -> Response:
    """Answer the ledger as JSON lines."""
    return _export(page, "jsonl")


async def export_as_markdown(page: Page) -> Response:
    """Answer the ledger as Markdown."""
    return _export(page, "md")


def _export(page: Page, export_format: Format) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{page.who.project}-ledger.{export_format}"'}
    if page.request.method == "HEAD":  # nobody takes the file, so it is not one that was exported
        return Response(media_type=KINDS[export_format], headers=headers)
    text = export_project(page.visits, page.who, export_format)
    return StreamingResponse(text, media_type=KINDS[export_format], headers=headers)


PAGES: tuple[PageRoute, ...] = (
    Show(f"{PROJECT_PATH}/ledger", show),
    Show(f"{PROJECT_PATH}/ledger/{{seq}}", show_one),
    Show(f"{PROJECT_PATH}/export.jsonl", export_as_json),
    Show(f"{PROJECT_PATH}/export.md", export_as_markdown),
)
