"""From a request to a page function and back: the session, the form, the headers, and what a refusal looks like."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlsplit

from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from signalbox.config import Settings
from signalbox.db.pool import Database
from signalbox.db.visits import Visit
from signalbox.domain.presence import Heartbeats
from signalbox.edge.admin.browser import local_path
from signalbox.edge.admin.contents import PAGES
from signalbox.edge.admin.forms import FORM_BYTES_MAX, TOKEN, Form, Problem, Shown
from signalbox.edge.admin.live import Watches
from signalbox.edge.admin.page import Page, PageRoute, Send, Show, Surroundings
from signalbox.edge.admin.providers import Provider
from signalbox.edge.admin.rendering import ASSETS, asset, render
from signalbox.edge.http import note, note_caller, read_body
from signalbox.edge.mail import Mailer
from signalbox.errors import Conflict, InvalidArguments, NoCredential, NotFound, OwnerSuspended, Refusal, TooMany

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    # With no-referrer, browsers send a form's origin as null, and it could not be told from a foreign one.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
STRICT_TRANSPORT: Final = "max-age=31536000"
ROOTS: Final = ("/admin", "/sign-in", "/sign-up", "/sign-out", "/invite")
SHOWN_AGAIN: Final = (InvalidArguments, Conflict, TooMany)

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


class AdminEdge:
    """The routes of the web admin."""

    def __init__(
        self,
        database: Database,
        heartbeats: Heartbeats,
        settings: Settings,
        mailer: Mailer | None,
        providers: Mapping[str, Provider],
    ) -> None:
        self._database = database
        self._heartbeats = heartbeats
        self._settings = settings
        self.watches = Watches(database, settings.session_idle_hours * 3600)
        limiter = MovingWindowRateLimiter(MemoryStorage())
        self._around = Surroundings(database, settings, providers, mailer, limiter, self.watches)

    @property
    def routes(self) -> list[Route]:
        """All pages, and the files they load."""
        pages = [Route(one.path, self._endpoint(one), methods=[one.method]) for one in PAGES]
        return [*pages, *(Route(f"/{name}", _asset_endpoint(name, kind)) for name, kind in ASSETS.items())]

    def _endpoint(self, route: PageRoute) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            page = Page(request, self._around)
            try:
                response = await self._answer(route, page)
            except Refusal as refusal:
                response = self._refused(page, refusal)
            page.browser.leave_cookie(response)
            response.headers.update(HEADERS)
            if page.browser.is_secure:
                response.headers["Strict-Transport-Security"] = STRICT_TRANSPORT
            return response

        return endpoint

    async def _answer(self, route: PageRoute, page: Page) -> Response:
        if isinstance(route, Send):
            page.form = Form.read(await read_body(page.request.scope, page.request.receive, FORM_BYTES_MAX))
            page.browser.require_own_form(page.request, page.form.get(TOKEN))
        if isinstance(route, Show) and route.greets:
            with suppress(NoCredential, OwnerSuspended):
                return await self._answer_owner(route, page)
        if route.is_open:
            return await self._run(route, page)
        return await self._answer_owner(route, page)

    async def _answer_owner(self, route: PageRoute, page: Page) -> Response:
        async with page.visits.open() as visit:
            page.begin(visit)
            self._note(page, visit)
            if route.operator and not visit.owner.is_operator:
                raise NotFound("there is no such page")
            if isinstance(route, Send) and route.recent and not self._is_recent(visit):
                return _sign_in_first(_form_page(page), why="recent")
            response = await self._run(route, page)
            note(page.request.scope, statements=visit.statements_run)
            return response

    async def _run(self, route: PageRoute, page: Page) -> Response:
        try:
            return await route.answer(page)
        except SHOWN_AGAIN as refusal:
            if not isinstance(route, Send):
                raise
            page.problem = Problem(page.path, refusal, page.form.values())
            return await route.again(page)

    def _note(self, page: Page, visit: Visit) -> None:
        note(page.request.scope, actor=visit.owner.handle)
        if visit.has_project:
            note_caller(page.request.scope, visit.who)
            self._heartbeats.saw(visit.who)
        elif page.project is not None:
            raise NotFound("there is no such page, or it is not yours")

    def _is_recent(self, visit: Visit) -> bool:
        age = datetime.now(UTC) - visit.owner.signed_in_at
        return age < timedelta(minutes=self._settings.recent_sign_in_minutes)

    def _refused(self, page: Page, refusal: Refusal) -> Response:
        if isinstance(refusal, NoCredential):
            request = page.request
            wanted = f"{page.path}?{request.url.query}" if request.url.query else page.path
            return _sign_in_first(wanted if request.method == "GET" else _form_page(page))
        sign_out = page.form_state("/sign-out") if isinstance(refusal, OwnerSuspended) else None
        response = error_page(refusal.status, refusal.message, is_signed_in=page.is_signed_in, sign_out=sign_out)
        if "retry_after_seconds" in refusal.state:
            response.headers["Retry-After"] = str(refusal.state["retry_after_seconds"])
        return response


def _sign_in_first(wanted: str, why: str = "") -> Response:
    query = f"return_to={quote(local_path(wanted), safe='')}" + (f"&why={why}" if why else "")
    return Response(status_code=303, headers={"Location": f"/sign-in?{query}"})


def _form_page(page: Page) -> str:
    """Answer the page that a form was sent from, as far as the browser says."""
    try:
        parts = urlsplit(page.request.headers.get("referer", ""))
    except ValueError:
        return local_path(None)
    return local_path(f"{parts.path}?{parts.query}" if parts.query else parts.path)


def is_page(scope: Scope) -> bool:
    """Say whether a browser asks for a page: then what is refused is a page, too."""
    return str(scope["path"]).startswith(ROOTS)


def error_page(status: int, message: str, *, is_signed_in: bool = False, sign_out: Shown | None = None) -> HTMLResponse:
    """Say in a page what went wrong; with a form to sign out by where there is nothing else to do."""
    text = render("admin/error.html", status=status, message=message, is_signed_in=is_signed_in, sign_out=sign_out)
    return HTMLResponse(text, status_code=status, headers=HEADERS)


def _asset_endpoint(name: str, kind: str) -> Endpoint:
    content = asset(name)

    async def endpoint(request: Request) -> Response:
        age = "31536000, immutable" if "v" in request.query_params else "3600"
        return Response(content, media_type=kind, headers={"Cache-Control": f"public, max-age={age}"})

    return endpoint
