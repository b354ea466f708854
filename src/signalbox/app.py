"""Puts the server together: `create_app(settings)` is the whole of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ExceptionHandler

from signalbox.config import Settings
from signalbox.db.callers import Callers
from signalbox.db.pool import Database
from signalbox.domain.presence import Heartbeats
from signalbox.edge.http import Door, http_error, refused
from signalbox.edge.mcp import McpEndpoint
from signalbox.edge.public import PublicEdge
from signalbox.edge.rest import RestEdge
from signalbox.edge.turns import Turns
from signalbox.errors import Refusal


def create_app(settings: Settings) -> Starlette:
    """Build the server. Nothing is opened before its lifespan begins.

    Raises:
        SetupError: when the lifespan begins and the database cannot serve; says what to change.
    """
    database = Database(settings)
    heartbeats = Heartbeats()
    callers = Callers(database)
    turns = Turns()
    mcp = McpEndpoint(callers, heartbeats, turns, settings)
    rest = RestEdge(callers, heartbeats, turns, settings)
    public = PublicEdge(database, settings)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with database, heartbeats.beating(database), mcp.running():
            yield

    app = Starlette(
        lifespan=lifespan,
        middleware=[Middleware(Door, settings=settings, direct={"/mcp": mcp})],
        exception_handlers=_exception_handlers(settings.base_url),
        routes=[
            Route("/", public.landing),
            Route("/style.css", public.style),
            Route("/healthz", public.healthz),
            Route("/readyz", public.readyz),
            Route("/.well-known/oauth-protected-resource", public.resource_metadata),
            Route("/.well-known/oauth-protected-resource/mcp", public.resource_metadata),
            Route("/join", public.join, methods=["POST"]),
            Route("/api/openapi.json", rest.openapi),
            Route("/api/tools/{name}", rest.call, methods=["POST"]),
        ],
    )
    app.state.mcp = mcp
    return app


def _exception_handlers(base_url: str) -> dict[int | type[Exception], ExceptionHandler]:
    async def on_refusal(_request: Request, refusal: Exception) -> Response:
        assert isinstance(refusal, Refusal)
        return refused(refusal, base_url)

    async def on_http_error(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return http_error(error.status_code, error.detail, error.headers)

    return {Refusal: on_refusal, HTTPException: on_http_error}
