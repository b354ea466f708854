"""What needs no token: what this server is, whether it is well, how to authenticate, joining by invite, the program."""

from __future__ import annotations

from typing import Any, Final

import jinja2
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from signalbox import __version__, paths, wheel
from signalbox.config import Settings
from signalbox.db.pool import Database
from signalbox.domain import invites
from signalbox.edge.http import note, read_body
from signalbox.edge.rest import arguments_in
from signalbox.errors import InvalidArguments, NotFound
from signalbox.identity import Scope

JOIN_BYTES_MAX: Final = 4096


class PublicEdge:
    """The routes that anybody may call."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._base_url = settings.base_url
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._join_rate = RateLimitItemPerMinute(settings.join_per_minute)
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(paths.TEMPLATES), undefined=jinja2.StrictUndefined, autoescape=True
        )

    async def landing(self, _request: Request) -> Response:
        """Say what this server is; nothing private."""
        page = self._templates.get_template("landing.html").render(version=__version__, base_url=self._base_url)
        return HTMLResponse(page)

    async def healthz(self, _request: Request) -> Response:
        """Say that the process answers."""
        return JSONResponse({"ok": True, "service": "signalbox", "version": __version__})

    async def readyz(self, _request: Request) -> Response:
        """Say whether the database answers and has this server's schema."""
        healthy = await self._database.healthy()
        return JSONResponse({"ok": healthy, "service": "signalbox"}, status_code=200 if healthy else 503)

    async def resource_metadata(self, _request: Request) -> Response:
        """Answer RFC 9728 metadata: tokens are made by leads and owners, so no authorization server is named."""
        return JSONResponse(
            {
                "resource": f"{self._base_url}/mcp",
                "resource_name": "Signalbox",
                "bearer_methods_supported": ["header"],
                "scopes_supported": list(Scope),
            }
        )

    async def program(self, request: Request) -> Response:
        """Answer this version as a wheel, which `uvx` and `pipx` run commands from."""
        if request.path_params["name"] != wheel.file_name():
            raise NotFound(f"this server is of another version: it has /kit/{wheel.file_name()}")
        packed = await run_in_threadpool(wheel.content)
        return Response(packed, media_type="application/zip", headers={"Cache-Control": "no-cache"})

    async def join(self, request: Request) -> Response:
        """Redeem an invite's code for a token."""
        address = request.client.host if request.client else "unknown"
        if not await self._limiter.hit(self._join_rate, address):
            return JSONResponse({"ok": False, "error": "rate_limited"}, status_code=429, headers={"Retry-After": "60"})
        try:
            wish = arguments_in(await read_body(request.scope, request.receive, JOIN_BYTES_MAX))
        except InvalidArguments:
            wish = {}
        code, name = _text(wish.get("code")), wish.get("name")
        joined = await invites.redeem(self._database, code, None if name is None else _text(name))
        note(request.scope, outcome=joined.answer.get("error", "joined"))
        return JSONResponse(joined.answer, status_code=joined.status, headers={"Cache-Control": "no-store"})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
