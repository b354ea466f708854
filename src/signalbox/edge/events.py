"""`GET /api/events`: the ledger as JSON, or live as server-sent events that a reader can go on from.

A live reader is read to page by page, at its own pace: nothing of the ledger waits in memory for it. Each page is read
as a call of `query_events` is, with its caller proved anew. The id of an event is its seq, so `Last-Event-ID` goes on
with exactly the next one. The stream ends with `event: end`, which says why, where there is somebody who listens.
"""

from __future__ import annotations

from typing import Final

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from signalbox.catalog import CATALOG
from signalbox.db.callers import Callers, Session
from signalbox.domain import transports
from signalbox.domain.events import Event, Events, QueryArgs, query_events, see_actor
from signalbox.domain.presence import Heartbeats
from signalbox.edge.http import bearer, note, note_caller
from signalbox.edge.listeners import Listener, Listeners, News
from signalbox.edge.query import DIGITS_MAX, arguments_in
from signalbox.edge.stream import Events as Sent
from signalbox.edge.stream import accepts, sending_events
from signalbox.edge.turns import Turns
from signalbox.errors import InvalidArguments, Refusal
from signalbox.identity import Principal
from signalbox.tool import require_scope

TOOL: Final = CATALOG.tools["query_events"]
PAGE_EVENTS: Final = 100
FOLLOWED_BY: Final = frozenset({"after", "actor", "type", "sequence", "ref", "tag"})


class EventsEdge:
    """The route."""

    def __init__(self, callers: Callers, heartbeats: Heartbeats, turns: Turns, listeners: Listeners) -> None:
        self._callers = callers
        self._heartbeats = heartbeats
        self._turns = turns
        self._listeners = listeners

    async def get(self, request: Request) -> Response:
        """Answer what the query asks of the ledger, once or for as long as the reader stays."""
        token_hash = bearer(request.headers)
        await self._turns.mine(self._callers.project_of(token_hash))
        is_live = accepts(request.headers, "text/event-stream")
        async with self._callers.session(token_hash) as session:
            who = await session.who()
            note_caller(request.scope, who)
            note(request.scope, tool=TOOL.name)
            self._heartbeats.saw(who)
            if not is_live:
                result = await CATALOG.call(TOOL.name, session, who, arguments_in(request.query_params, TOOL.args))
                return Response(result.model_dump_json(by_alias=True, exclude_none=True), media_type="application/json")
            args = await self._follow_args(request, session, who)
            first = await query_events(session, who, args)
        if request.method == "HEAD":  # nobody reads it, so it does not stay open
            return Response(media_type="text/event-stream")
        return LiveEvents(self._listeners, self._heartbeats, who, args, first)

    async def _follow_args(self, request: Request, session: Session, who: Principal) -> QueryArgs:
        """Read what is to be followed, and from where: the last event that was got, `after`, or now."""
        require_scope(TOOL, who)
        asked = arguments_in(request.query_params, TOOL.args)
        if others := sorted(asked.keys() & TOOL.args.model_fields.keys() - FOLLOWED_BY):
            raise InvalidArguments(f"{', '.join(others)}: not while following, which goes on from after")
        last_id = request.headers.get("last-event-id", "").strip()
        if last_id:
            if not (last_id.isascii() and last_id.isdigit() and len(last_id) <= DIGITS_MAX):
                raise InvalidArguments("Last-Event-ID must be the id of an event")
            asked |= {"after": int(last_id)}
        if "after" not in asked:
            newest = await query_events(session, who, QueryArgs(limit=1))
            asked |= {"after": newest.events[0].id if newest.events else 0}
        args = TOOL.parse(asked | {"limit": PAGE_EVENTS})
        assert isinstance(args, QueryArgs)
        if args.actor is not None:
            await see_actor(session, who, args.actor)
        return args


class LiveEvents(Response):
    """The stream of one reader."""

    def __init__(
        self, listeners: Listeners, heartbeats: Heartbeats, who: Principal, args: QueryArgs, first: Events
    ) -> None:
        super().__init__()
        self._listeners = listeners
        self._heartbeats = heartbeats
        self._who = who
        self._args = args
        self._first = first

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send what there is and what comes, until the reader goes or may not read any more."""
        with (
            self._listeners.opened(self._who, follows=True) as listener,
            self._heartbeats.reachable(self._who, "stream"),
        ):
            async with sending_events(receive, send) as sent:
                reason = await self._follow(listener, sent)
                await sent.say(b"event: end\ndata: " + to_json(reason.as_json()))

    async def _follow(self, listener: Listener, sent: Sent) -> Refusal:
        """Send page after page; answers why it ends."""
        page: Events | None = self._first
        is_at_end = False  # it was read before anything could wake the listener
        while listener.ended_by is None:
            if page is not None and page.events:
                await self._send(page, listener, sent)
                is_at_end = is_at_end and len(page.events) < PAGE_EVENTS
            if is_at_end:
                while await listener.news(sent.seconds_left) in {News.QUIET, News.CHANGED}:
                    await sent.keep_alive()
                await sent.keep_alive()
            is_at_end = True
            try:
                page = await self._listeners.look(listener, self._read)
            except Refusal as refusal:
                return refusal
        return listener.ended_by

    async def _send(self, page: Events, listener: Listener, sent: Sent) -> None:
        await sent.say(b"\n\n".join(_frame(event) for event in page.events))
        posted = [event.payload["post_id"] for event in page.events if event.type == "post"]
        if posted:  # those of others are passed over where it is written
            transports.offered(self._listeners.database, self._who, "stream", posted)
        self._args = self._args.model_copy(update={"after": page.cursor})
        listener.head = max(listener.head, page.events[-1].id)

    async def _read(self, session: Session, who: Principal) -> Events:
        return await query_events(session, who, self._args)


def _frame(event: Event) -> bytes:
    return b"id: %d\ndata: %s" % (event.id, event.model_dump_json(by_alias=True, exclude_none=True).encode())
