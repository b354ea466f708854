"""What breaks is kept for the operator: after the answer, and without what it was about."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.wire import ask
from proofs.operators import until
from signalbox.app import create_app
from signalbox.config import Settings
from signalbox.db.pool import Database
from signalbox.domain import operators
from support import Agent


@pytest.fixture
async def breaking(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """The application with a route that fails."""
    app = create_app(settings)

    async def fail(_request: Request) -> Response:
        raise LookupError("the-inner-secret")

    app.router.routes += [Route("/fail/{rest:path}", fail)]
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url=settings.base_url) as client,
    ):
        yield client


async def kept_error(database: Database, request_id: str) -> operators.ServerError:
    """Wait for the operator's note of a request: it is written after the answer."""

    async def is_there() -> bool:
        return request_id in {one.request_id for one in await operators.list_errors(database)}

    await until(is_there)
    (error,) = [one for one in await operators.list_errors(database) if one.request_id == request_id]
    return error


async def test_what_breaks_is_kept_for_the_operator(breaking: httpx2.AsyncClient, database: Database) -> None:
    answer = await breaking.get("/fail/now?code=the-query-secret")

    error = await kept_error(database, answer.headers["x-request-id"])
    assert (error.method, error.path, error.kind) == ("GET", "/fail/now", "LookupError")
    assert "secret" not in error.model_dump_json()


async def test_a_tool_that_breaks_over_mcp_is_kept_for_the_operator(
    web: httpx2.AsyncClient, agent: Agent, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_given: object) -> None:
        raise LookupError("the-inner-secret")

    monkeypatch.setattr("signalbox.tool.Catalog.call", fail)
    answer = await ask(web, agent.token, "tools/call", {"name": "whoami", "arguments": {}})

    error = await kept_error(database, answer.headers["x-request-id"])
    assert (error.path, error.kind) == ("/mcp", "LookupError")
    assert error.place.startswith("edge/mcp/server.py:")
