"""Filters: a form above a list, whose fields stand in the address."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from signalbox.db.statements import Executor
from signalbox.edge.admin.forms import Arguments, NotFilledIn, named_in
from signalbox.edge.admin.page import Page
from signalbox.identity import Principal

Answer = TypeVar("Answer")
PLACE = ("before", "after", "cursor", "notice")


class Filters(Generic[Arguments]):
    """What a list is asked for; a template shows it as it shows a form. Wrong filters are shown with what is wrong."""

    prefix = "find"

    def __init__(self, page: Page, model: type[Arguments], **given: Any) -> None:
        self.action = page.path
        self.values = {name: value for name, value in page.request.query_params.items() if value.strip()}
        self.arguments: Arguments | None = None
        self.problem: NotFilledIn | None = None
        try:
            self.arguments = page.filters(model, **given)
        except NotFilledIn as problem:
            self.problem = problem

    async def answer(
        self,
        verb: Callable[[Executor, Principal, Arguments], Awaitable[Answer]],
        page: Page,
        *,
        actor_field: str | None = None,
    ) -> Answer | None:
        """Read the list; None when the filters do not fit, or name nobody where `actor_field` names somebody."""
        if self.arguments is None:
            return None
        try:
            with named_in(actor_field):
                return await verb(page.db, page.who, self.arguments)
        except NotFilledIn as problem:
            self.problem = problem
            return None

    @property
    def status(self) -> int:
        """The status of the page."""
        return self.problem.status if self.problem else 200

    @property
    def given(self) -> Mapping[str, str]:
        """The filters that were given, without the place in the list."""
        return {name: value for name, value in self.values.items() if name not in PLACE}

    @property
    def is_first(self) -> bool:
        """Whether this is the first page of the list."""
        return self.values.keys().isdisjoint({"before", "after"})

    def url(self, **changed: object) -> str:
        """Name the same list at another place."""
        return f"{self.action}?{urlencode({**self.given, **changed})}"

    def value(self, name: str, otherwise: Any = "") -> Any:
        """Answer what a field shows."""
        return self.values.get(name, otherwise)

    def error(self, name: str) -> str:
        """Say what is wrong with a field; empty when nothing is."""
        return self.problem.fields.get(name, "") if self.problem else ""

    @property
    def message(self) -> str:
        """Say what is wrong with the filters as a whole; empty when nothing is."""
        return self.problem.message if self.problem else ""
