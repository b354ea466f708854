"""The operator's pages: how the server does, who its owners are, how large their projects are; not what is in them."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from signalbox.db.pool import schema_head
from signalbox.domain import operators
from signalbox.edge.admin.forms import NotFilledIn
from signalbox.edge.admin.page import Page, PageRoute, Send, Show
from signalbox.errors import NotFound
from signalbox.tool import Args, Whole

ROWS_SHOWN: Final = 60
ERRORS_SHOWN: Final = 25
CONNECTIONS_SHARE_MAX: Final = 0.8  # with more of them in use, the database soon refuses one
TRANSACTION_SECONDS_MAX: Final = 300.0  # what is open for longer keeps the database from cleaning up


class AfterArgs(Args):
    """Where a page of a list begins: after this id."""

    after: Whole | None = None


async def show(page: Page) -> Response:
    """Show how the server does."""
    return page.show(
        "operator.html",
        facts=await operators.server_facts(page.db),
        schema_wanted=schema_head(),
        errors=(await operators.list_errors(page.db))[:ERRORS_SHOWN],
        connections_share_max=CONNECTIONS_SHARE_MAX,
        transaction_seconds_max=TRANSACTION_SECONDS_MAX,
    )


async def show_owners(page: Page) -> Response:
    """Show the owners, longest here first."""
    found = await operators.list_owners(page.db, _after(page), ROWS_SHOWN)
    return page.show(
        "operator_owners.html", owners=found, after=found[-1].owner_id if len(found) == ROWS_SHOWN else None
    )


async def show_owner(page: Page) -> Response:
    """Show one owner, with the form that suspends it."""
    return page.show("operator_owner.html", one=await operators.one_owner(page.db, page.number("owner_id")))


async def suspend(page: Page) -> Response:
    """Suspend an owner, once that is confirmed."""
    if page.form.get("sure") != "true":
        raise NotFilledIn({"sure": "tick this to go on"})
    return await _suspend(page, suspended=True)


async def unsuspend(page: Page) -> Response:
    """Let an owner be again."""
    return await _suspend(page, suspended=False)


async def show_projects(page: Page) -> Response:
    """Show all projects with their sizes, oldest first."""
    found = await operators.list_all_projects(page.db, _after(page), ROWS_SHOWN)
    return page.show(
        "operator_projects.html", projects=found, after=found[-1].project_id if len(found) == ROWS_SHOWN else None
    )


async def _suspend(page: Page, *, suspended: bool) -> Response:
    one = await operators.one_owner(page.db, page.number("owner_id"))
    await operators.suspend_owner(page.db, page.owner.owner_id, one.handle, suspended=suspended)
    notice = "owner_suspended" if suspended else "owner_let_be"
    return page.go(f"/admin/operator/owners/{one.owner_id}", notice=notice)


def _after(page: Page) -> int | None:
    try:
        return page.filters(AfterArgs).after
    except NotFilledIn:
        raise NotFound("there is no such page") from None


OWNER_PATH: Final = "/admin/operator/owners/{owner_id}"

PAGES: tuple[PageRoute, ...] = (
    Show("/admin/operator", show, operator=True),
    Show("/admin/operator/owners", show_owners, operator=True),
    Show(OWNER_PATH, show_owner, operator=True),
    Send(f"{OWNER_PATH}/suspend", suspend, again=show_owner, operator=True),
    Send(f"{OWNER_PATH}/unsuspend", unsuspend, again=show_owner, operator=True),
    Show("/admin/operator/projects", show_projects, operator=True),
)
