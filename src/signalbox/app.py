"""Puts the server together: `create_app(settings)` is the whole of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ExceptionHandler, Scope

from signalbox.config import Settings
from signalbox.db.callers import Callers
from signalbox.db.pool import Database
from signalbox.domain import deadlines, indexing, receipts, tending
from signalbox.domain.janitor import Janitor
from signalbox.domain.operators import ErrorNotes
from signalbox.domain.presence import Heartbeats
from signalbox.edge.admin import AdminEdge
from signalbox.edge.admin.providers import Provider, providers_of
from signalbox.edge.admin.serving import error_page, is_page
from signalbox.edge.door import Door
from signalbox.edge.events import EventsEdge
from signalbox.edge.exports import ExportEdge
from signalbox.edge.http import http_error, our_mistake, refused
from signalbox.edge.listeners import Listeners
from signalbox.edge.mail import Mailer, mailer_of
from signalbox.edge.mcp import ChannelEndpoint, McpEndpoint
from signalbox.edge.peers import Peers
from signalbox.edge.public import PublicEdge
from signalbox.edge.rest import RestEdge
from signalbox.edge.turns import Turns
from signalbox.errors import Refusal

NO_PAGE: Final = "there is no such page, or not for this kind of request"


def create_app(settings: Settings, providers: Mapping[str, Provider] | None = None) -> Starlette:
    """Build the server. Nothing is opened before its lifespan begins.

    `providers` are those that people sign in with, where they are not what the settings make of them.

    Raises:
        SetupError: when the lifespan begins and the database cannot serve; says what to change.
    """
    database = Database(settings)
    heartbeats = Heartbeats()
    errors = ErrorNotes()
    callers = Callers(database)
    turns = Turns()
    listeners = Listeners(callers, turns)
    mcp = McpEndpoint(callers, heartbeats, turns, settings, listeners)
    channel = ChannelEndpoint(callers, heartbeats, turns, settings, listeners)
    rest = RestEdge(callers, heartbeats, turns, settings)
    events = EventsEdge(callers, heartbeats, turns, listeners)
    exports = ExportEdge(callers, heartbeats, turns)
    public = PublicEdge(database, settings)
    mailer = mailer_of(settings)
    admin = AdminEdge(
        database, heartbeats, settings, mailer, providers_of(settings) if providers is None else providers
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with (
            _working(database, heartbeats, errors, mailer, settings),
            listeners.proving(),
            mcp.running(),
            channel.running(),
            admin.watches.looking(),
        ):
            yield

    app = Starlette(
        lifespan=lifespan,
        middleware=[
            Middleware(Peers, trusted_proxies=settings.trusted_proxies),
            Middleware(
                Door,
                settings=settings,
                direct={"/mcp": mcp, "/channel/mcp": channel},
                failed=_failed,
                note_error=errors.note,
            ),
        ],
        exception_handlers=_exception_handlers(settings.base_url),
        routes=_routes(public, rest, events, exports, admin),
    )
    app.router.redirect_slashes = False  # its redirects name the host that the request names
    app.state.mcp = mcp
    app.state.open_streams = (database.waiters, listeners, admin.watches)
    return app


def _routes(
    public: PublicEdge, rest: RestEdge, events: EventsEdge, exports: ExportEdge, admin: AdminEdge
) -> list[BaseRoute]:
    """List every path but those that the door hands over itself."""
    return [
        Route("/", public.landing),
        Route("/healthz", public.healthz),
        Route("/readyz", public.readyz),
        Route("/.well-known/oauth-protected-resource", public.resource_metadata),
        Route("/.well-known/oauth-protected-resource/mcp", public.resource_metadata),
        Route("/kit/{name}", public.program),
        Route("/join", public.join, methods=["POST"]),
        Route("/api/events", events.get),
        Route("/api/export", exports.get),
        Route("/api/openapi.json", rest.openapi),
        Route("/api/tools/{name}", rest.call, methods=["POST"]),
        Route("/hooks/claude", rest.claude_hook, methods=["POST"]),
        *admin.routes,
    ]


@asynccontextmanager
async def _working(
    database: Database, heartbeats: Heartbeats, errors: ErrorNotes, mailer: Mailer | None, settings: Settings
) -> AsyncIterator[None]:
    """Keep the database open, and do what a server does besides answering."""
    async with (
        database,
        database.wakeups.listening(),
        errors.writing(database),
        Janitor().sweeping(database),
        indexing.keeping_up(database),
        heartbeats.beating(database),
        receipts.marking(database),
        deadlines.keeping(database),
        tending.tending(database, settings),
        mailer.running() if mailer else nullcontext(),
    ):
        yield


def _failed(scope: Scope, request_id: str) -> Response:
    """Answer a request that broke us, in the kind that was asked for."""
    message = f"this is our mistake; its log id is {request_id}"
    return error_page(500, message) if is_page(scope) else our_mistake(message)


def _exception_handlers(base_url: str) -> dict[int | type[Exception], ExceptionHandler]:
    async def on_refusal(_request: Request, refusal: Exception) -> Response:
        assert isinstance(refusal, Refusal)
        return refused(refusal, base_url)

    async def on_http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if is_page(request.scope):
            path = request.scope["path"]
            return RedirectResponse(path.rstrip("/")) if path.endswith("/") else error_page(error.status_code, NO_PAGE)
        return http_error(error.status_code, error.detail, error.headers)

    return {Refusal: on_refusal, HTTPException: on_http_error}
