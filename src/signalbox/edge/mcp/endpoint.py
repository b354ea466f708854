"""`/mcp`: authenticates each request, and decides who answers it.

POST    tools/call        answered here (calls.py)
        everything else   the SDK, which keeps no sessions
GET     handshake era     a stream of changes (streams.py)
DELETE  handshake era     ends a session (sessions.py)
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import Any, ClassVar, Final

from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import INVALID_REQUEST
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from signalbox.catalog import CATALOG
from signalbox.config import Settings
from signalbox.db.callers import SILENT_SECONDS_MAX, STATEMENTS, Callers, Session
from signalbox.domain.documents import require_read
from signalbox.domain.presence import Heartbeats
from signalbox.edge.http import (
    FAILURE_KEY,
    bearer,
    http_error,
    note,
    note_caller,
    parse_json,
    read_body,
    refused,
    while_caller_waits,
)
from signalbox.edge.listeners import Listener, Listeners
from signalbox.edge.mcp.calls import Call, call_in
from signalbox.edge.mcp.groups import GROUPS_KEY, groups_in
from signalbox.edge.mcp.messages import LISTEN, SESSION_HEADER, VERSION_HEADER, Exchange, protocol_error
from signalbox.edge.mcp.patience import WAIT_SECONDS_MAX, reporting
from signalbox.edge.mcp.resources import SESSION_KEY
from signalbox.edge.mcp.server import CALLER_KEY, ToolFailed, as_json, create_server, request_caller, run_tool
from signalbox.edge.mcp.sessions import McpSession, SessionIds
from signalbox.edge.mcp.streams import Streams, Teller
from signalbox.edge.stream import sending_events
from signalbox.edge.turns import Turns
from signalbox.errors import Refusal, SessionEnded, Unavailable
from signalbox.identity import Principal
from signalbox.tool import Catalog, require_scope

EVENT: Final = b"event: message\ndata: "
SESSION_GONE: Final = "the MCP session is not known, has expired or was ended: initialize a new one"


class McpEndpoint:
    """The ASGI application at `/mcp`."""

    catalog: ClassVar[Catalog] = CATALOG

    def __init__(
        self, callers: Callers, heartbeats: Heartbeats, turns: Turns, settings: Settings, listeners: Listeners
    ) -> None:
        self._callers = callers
        self._turns = turns
        self.heartbeats = heartbeats
        self._settings = settings
        self._ids: SessionIds | None = None
        self.listeners = listeners
        self._streams = Streams(listeners)
        self.server = create_server(request_caller, self._streams, self.catalog)
        self.streamed_tools: set[str] = set()  # tools of the SDK's server that may report something before they answer
        self._manager = _manager(self.server, settings, json_response=True)
        self._streaming = _manager(self.server, settings, json_response=False)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve for as long as the block lasts; the database is open before and after."""
        (row,) = await self._callers.database.run(STATEMENTS["session_secret"], [])
        self._ids = SessionIds(row["secret"])
        async with self._manager.run(), self._streaming.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            await self._serve(Exchange(scope, receive, send))
        except SessionEnded:
            await protocol_error(INVALID_REQUEST, SESSION_GONE, status=404)(scope, receive, send)
        except Refusal as refusal:
            await refused(refusal, self._settings.base_url)(scope, receive, send)

    async def _serve(self, exchange: Exchange) -> None:
        token_hash = bearer(exchange.headers)
        exchange.scope[GROUPS_KEY] = groups_in(exchange.scope["query_string"])
        await self._turns.mine(self._callers.project_of(token_hash))
        if exchange.verb == "POST":
            exchange.take(await read_body(exchange.scope, exchange.receive, self._settings.request_bytes_max))
        assert self._ids is not None, "the endpoint runs"
        named = exchange.session_id
        mcp_session = self._ids.read(named) if named is not None else None
        async with self._callers.session(token_hash, mcp_session.key if mcp_session else None) as session:
            call = call_in(exchange, self.catalog)
            try:
                who = await session.who(for_act=call is not None and call.tool.proves_caller)
            except Unavailable as refusal:
                if call is None:
                    raise
                await exchange.reply_json(call.answer(as_json(refusal), is_error=True))
                return
            note_caller(exchange.scope, who)
            if named is not None and (mcp_session is None or mcp_session.participation_id != who.participation_id):
                raise SessionEnded(SESSION_GONE)
            if (no := self.refusal_of(exchange)) is not None:
                await exchange.reply(no)
                return
            if call is not None:
                note(exchange.scope, tool=call.tool.name)
                require_scope(call.tool, who)
                if is_patient(exchange, call):
                    await self._run_in_events(exchange, session, who, call)
                    return
                async with while_caller_waits(exchange.receive):
                    body = await self._run(exchange, session, who, call)
                await session.release()
                await exchange.reply_json(body)
                return
            self.heartbeats.saw(who)
            if exchange.verb == "POST":
                await session.release()
                await self._hand_over(exchange, session, who, mcp_session)
            else:
                await self._serve_session(exchange, session, who, mcp_session)

    async def _run(self, exchange: Exchange, session: Session, who: Principal, call: Call) -> bytes:
        try:
            with self.heartbeats.reachable(who, "wait") if call.tool.waits else nullcontext():
                fields, is_error = await run_tool(self.catalog, call.tool.name, session, who, call.arguments)
        except ToolFailed as failure:
            exchange.scope[FAILURE_KEY] = failure.__cause__ or failure
            return call.failed(str(failure))
        self.heartbeats.saw(who)
        return call.answer(fields, is_error=is_error)

    async def _run_in_events(self, exchange: Exchange, session: Session, who: Principal, call: Call) -> None:
        """Answer a call that may take long in a stream: what is under way is said, and a refusal is an answer, too."""
        session.wait_seconds_max = WAIT_SECONDS_MAX
        async with sending_events(exchange.receive, exchange.send) as events:

            async def report(seconds: float) -> None:
                await events.say(EVENT + call.progress(seconds))

            async with reporting(report):
                try:
                    body = await self._run(exchange, session, who, call)
                except Refusal as refusal:  # nobody hears a status any more
                    body = call.answer(as_json(refusal), is_error=True)
            await session.release()
            await events.say(EVENT + body)

    async def _hand_over(
        self, exchange: Exchange, session: Session, who: Principal, mcp_session: McpSession | None
    ) -> None:
        """Let the SDK answer, as the caller."""
        if exchange.fault is not None:
            await exchange.reply(exchange.fault)
            return
        name = exchange.params.get("name")
        if exchange.method == "tools/call" and isinstance(name, str) and name in self.catalog.tools:
            note(exchange.scope, tool=name)
            require_scope(self.catalog.tools[name], who)  # an HTTP challenge, not a tool's answer
        if exchange.method is not None and exchange.method.startswith("resources/"):
            require_read(who)  # likewise
        scope, send = exchange.scope, exchange.send
        scope[CALLER_KEY] = (who, session)
        scope[SESSION_KEY] = mcp_session
        if mcp_session is not None and VERSION_HEADER not in exchange.headers:
            version = (VERSION_HEADER.encode(), mcp_session.protocol_version.encode())
            scope = {**scope, "headers": [*scope["headers"], version]}
        if exchange.method == "initialize" and exchange.is_handshake_era:
            send = self._opening(send, who)
        if exchange.method == LISTEN:  # which looks for its caller itself
            await self._manager.handle_request(scope, exchange.replayed(), send)
            return
        if exchange.method == "tools/call" and str(name) in self.streamed_tools and exchange.accepts_events:  # likewise
            await self._streaming.handle_request(scope, exchange.replayed(), send)
            return
        async with while_caller_waits(exchange.receive):
            await self._manager.handle_request(scope, exchange.replayed(), send)

    async def _serve_session(
        self, exchange: Exchange, session: Session, who: Principal, mcp_session: McpSession | None
    ) -> None:
        """Serve what only sessions have: a stream, and an end."""
        if not exchange.is_handshake_era or exchange.verb not in {"GET", "DELETE"}:
            allowed = "GET, POST, DELETE" if exchange.is_handshake_era else "POST"
            await exchange.reply(http_error(405, "Method Not Allowed", {"Allow": allowed}))
        elif mcp_session is None:
            await exchange.reply(protocol_error(INVALID_REQUEST, "name the session in Mcp-Session-Id"))
        elif exchange.verb == "DELETE":
            values = {"project_id": who.project_id, "session_id": mcp_session.key, "expires_at": mcp_session.expires_at}
            await session.fetch(STATEMENTS["end_session"], STATEMENTS["end_session"].arguments(values))
            await exchange.reply(Response(status_code=204))
        elif not exchange.accepts_events:
            await exchange.reply(protocol_error(INVALID_REQUEST, "accept text/event-stream", status=406))
        else:
            await session.release()
            more = self.more_for(mcp_session)
            await self._streams.send_events(who, mcp_session.key, exchange.receive, exchange.send, more)

    def refusal_of(self, exchange: Exchange) -> Response | None:  # noqa: ARG002 - another endpoint may refuse more
        """Answer a request that this endpoint does not take."""
        return None

    def more_for(self, mcp_session: McpSession) -> Callable[[Listener], Teller] | None:  # noqa: ARG002
        """Make what else is told on the stream of a session."""
        return None

    def _opening(self, send: Send, who: Principal) -> Send:
        """Add a session id to the answer of `initialize`, once it says which version was agreed on."""
        ids, start = self._ids, None

        async def opening(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if start is not None:
                answer = parse_json(message.get("body", b""))
                if isinstance(answer, dict) and "result" in answer and ids is not None:
                    session_id = ids.open(who.participation_id, answer["result"]["protocolVersion"])
                    start["headers"] = [*start["headers"], (SESSION_HEADER.encode(), session_id.encode())]
                await send(start)
                start = None
            await send(message)

        return opening


def is_patient(exchange: Exchange, call: Call) -> bool:
    """Say whether a call wants to be kept waiting longer than a silent answer can, and can hear that it is."""
    return call.progress_token is not None and exchange.accepts_events and call.seconds_wished > SILENT_SECONDS_MAX


def _manager(server: Server[Any], settings: Settings, *, json_response: bool) -> StreamableHTTPSessionManager:
    return StreamableHTTPSessionManager(
        server,
        json_response=json_response,
        stateless=True,
        security_settings=None,  # Host and Origin were checked at the door
        max_request_body_size=settings.request_bytes_max,
    )
