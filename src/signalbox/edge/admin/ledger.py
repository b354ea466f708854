"""The ledger: events by exact filters, one event, how busy the project was, and the ledger as a file."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from signalbox.domain.board import ActivityArgs, activity
from signalbox.domain.events import OneEventArgs, QueryArgs, one_event, query_events
from signalbox.domain.exports import ExportWish, Format, begin_export, export_lines
from signalbox.domain.projects import export_project
from signalbox.edge.admin.chart import chart_of
from signalbox.edge.admin.filters import Filters
from signalbox.edge.admin.page import PROJECT_PATH, Page, PageFunction, PageRoute, Show
from signalbox.edge.admin.summaries import SUMMARIES, about, payload_text
from signalbox.edge.download import KINDS, Download, attached

EVENTS_SHOWN: Final = 50


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


def _export(export_format: Format) -> PageFunction:
    async def export(page: Page) -> Response:
        """Answer the ledger, a lane or a thread as a file. A whole one counts as exported once all of it was taken."""
        wish = page.filters(ExportWish, format=export_format, after=0)
        head = await begin_export(page.db, page.who, wish)
        kind, headers = KINDS[export_format], attached(page.who.project, wish)
        if page.request.method == "HEAD":  # nobody takes the file, so it is not one that was exported
            return Response(media_type=kind, headers=headers)
        is_whole = wish == ExportWish(format=export_format)
        write = export_project if is_whole else export_lines
        return Download(write(page.visits, page.who, wish, upto=head), media_type=kind, headers=headers)

    return export


PAGES: tuple[PageRoute, ...] = (
    Show(f"{PROJECT_PATH}/ledger", show),
    Show(f"{PROJECT_PATH}/ledger/{{seq}}", show_one),
    *(Show(f"{PROJECT_PATH}/export.{one}", _export(one)) for one in KINDS),
)
