"""A page: one request of a browser, what it asks for, and the ways to answer it.

A page function is three moves: what is asked (`page.arguments`), do it (one verb), show it (`page.show`, or `page.go`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from limits import RateLimitItem
from limits.aio.strategies import RateLimiter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from signalbox.config import Settings
from signalbox.db.pool import Database
from signalbox.db.visits import Visit, Visits
from signalbox.domain.owners import PROJECT
from signalbox.edge.admin.browser import Browser
from signalbox.edge.admin.forms import Arguments, Form, Problem, Shown
from signalbox.edge.admin.live import Watches
from signalbox.edge.admin.notices import NOTICES
from signalbox.edge.admin.providers import Provider
from signalbox.edge.admin.rendering import render
from signalbox.edge.mail import Mailer
from signalbox.errors import NotFound, TooMany
from signalbox.identity import Owner, Principal
from signalbox.tool import INTEGER_MAX

PROJECT_PATH: Final = "/admin/projects/{project}"


@dataclass(frozen=True)
class Surroundings:
    """What every page of a server has around it."""

    database: Database
    settings: Settings
    providers: Mapping[str, Provider]
    mailer: Mailer | None
    limiter: RateLimiter
    watches: Watches


class Page:
    """One request. `mailer` is None where this server sends no mail."""

    def __init__(self, request: Request, around: Surroundings) -> None:
        self.request = request
        self.database = around.database
        self.settings = settings = around.settings
        self.providers = around.providers
        self.mailer = around.mailer
        self.watches = around.watches
        self._limiter = around.limiter
        self.browser = Browser(request, settings)
        self.form = Form([])
        self.problem: Problem | None = None
        self._is_problem_placed = False
        self._visit: Visit | None = None

    @property
    def path(self) -> str:
        """The path that was asked for."""
        return self.request.url.path

    @property
    def project(self) -> str | None:
        """The name of the project that the page is about, as the path has it; empty for what is no name."""
        name = self.request.path_params.get("project")
        return None if name is None else str(name) if PROJECT.fullmatch(str(name)) else ""

    @property
    def project_path(self) -> str:
        """The first page of that project."""
        return f"/admin/projects/{quote(self.who.project)}"

    @property
    def db(self) -> Visit:
        """What verbs run on."""
        assert self._visit is not None, "the page is one for owners who are signed in"
        return self._visit

    @property
    def visits(self) -> Visits:
        """What outlasts the request runs on: each read proves the session anew, and no connection waits in between."""
        idle_seconds = self.settings.session_idle_hours * 3600
        return Visits(self.database, self.browser.secret_hash, idle_seconds, self.project)

    @property
    def owner(self) -> Owner:
        """Who is signed in."""
        return self.db.owner

    @property
    def who(self) -> Principal:
        """The owner as a participant of the page's project; raises NotFound when it is not theirs."""
        return self.db.who

    @property
    def is_signed_in(self) -> bool:
        """Whether the request has proved a session."""
        return self._visit is not None

    def begin(self, visit: Visit) -> None:
        """Take the visit that has proved the browser's session."""
        self._visit = visit

    @property
    def client(self) -> str:
        """The address of who asks."""
        return self.request.client.host if self.request.client else "unknown"

    async def count(self, rate: RateLimitItem, what: str, who: str) -> None:
        """Count one try of somebody's; raises TooMany when there were enough."""
        if not await self._limiter.hit(rate, what, who):
            seconds = rate.get_expiry()
            raise TooMany("that was tried too often: wait a while, then try again", retry_after_seconds=seconds)

    def asked(self, name: str) -> str:
        """Answer a parameter of the query; empty when there is none."""
        return self.request.query_params.get(name, "").strip()

    def number(self, name: str) -> int:
        """Answer an id in the path; raises NotFound for what cannot be one."""
        text = str(self.request.path_params[name])
        if not (text.isascii() and text.isdigit() and len(text) < len(str(INTEGER_MAX)) and int(text) > 0):
            raise NotFound("there is no such page")
        return int(text)

    def arguments(self, model: type[Arguments], **given: Any) -> Arguments:
        """Make a verb's arguments of the form; raises NotFilledIn, field by field."""
        return self.form.arguments(model, **given)

    def filters(self, model: type[Arguments], **given: Any) -> Arguments:
        """Make a verb's arguments of the query, for lists; raises NotFilledIn, field by field."""
        return Form(self.request.query_params.multi_items()).arguments(model, **given)

    def show(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Answer with a page."""
        visit = self._visit
        text = render(
            f"admin/{template}",
            page=self,
            owner=visit.owner if visit else None,
            project=visit.who.project if visit and visit.has_project else None,
            notice=NOTICES.get(self.asked("notice")),
            form_state=self.form_state,
            **values,
        )
        return HTMLResponse(text, status_code=self.problem.refusal.status if self.problem else status)

    def form_state(self, action: str) -> Shown:
        """Answer what a form on the page shows: what was sent when it was not taken, else nothing yet."""
        problem = self.problem if self.problem and self.problem.action == action else None
        self._is_problem_placed = self._is_problem_placed or problem is not None
        return Shown(action, self.browser.form_token, problem)

    @property
    def unplaced_refusal(self) -> str:
        """Why a form was not taken that the page does not have any more; empty when it says so by the form."""
        return self.problem.refusal.message if self.problem and not self._is_problem_placed else ""

    def go(self, path: str, *, notice: str | None = None) -> Response:
        """Answer by sending the browser on, to be told something there."""
        assert notice is None or notice in NOTICES, notice
        mark = "&" if "?" in path else "?"
        return RedirectResponse(path if notice is None else f"{path}{mark}notice={notice}", status_code=303)


PageFunction = Callable[[Page], Awaitable[Response]]


@dataclass(frozen=True)
class Show:
    """A page that is looked at. `is_open` pages ask nobody to sign in; `operator` pages are for operators alone.

    An open page that `greets` looks whether somebody is signed in all the same, and shows more to who is.
    """

    path: str
    answer: PageFunction
    is_open: bool = False
    greets: bool = False
    operator: bool = False
    method = "GET"


@dataclass(frozen=True)
class Send:
    """A form that is sent. One that is not taken is shown again by `again`; `recent` asks for a fresh sign-in."""

    path: str
    answer: PageFunction
    again: PageFunction
    is_open: bool = False
    operator: bool = False
    recent: bool = False
    method = "POST"


PageRoute = Show | Send
