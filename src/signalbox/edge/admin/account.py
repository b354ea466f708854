"""The account of who is signed in: the handles it goes by, what it signs in with, and where."""

from __future__ import annotations

from starlette.responses import Response

from signalbox.domain import identities, owners, sign_in
from signalbox.edge.admin.page import Page, PageRoute, Send, Show


async def show(page: Page) -> Response:
    """Show the account."""
    idle_seconds = page.settings.session_idle_hours * 3600
    owner_id = page.owner.owner_id
    return page.show(
        "account.html",
        identities=await identities.list_identities(page.db, owner_id),
        handles=await owners.list_handles(page.db, owner_id),
        sessions=await sign_in.list_sessions(page.db, owner_id, idle_seconds),
    )


async def unlink(page: Page) -> Response:
    """Take an identity from the account; the last one, too: a link signs in without any."""
    await identities.unlink(page.db, page.owner.owner_id, page.form.get("provider"), page.form.get("subject"))
    return page.go("/admin/account", notice="unlinked")


async def change_handle(page: Page) -> Response:
    """Give the owner another handle."""
    await owners.change_handle(page.db, page.owner.owner_id, page.form.get("handle"))
    return page.go("/admin/account", notice="handle_changed")


async def end_session(page: Page) -> Response:
    """Sign another browser out."""
    await sign_in.end_session(page.db, page.owner.owner_id, page.number("session_id"))
    return page.go("/admin/account", notice="session_ended")


async def end_all(page: Page) -> Response:
    """Sign out everywhere, here too."""
    await sign_in.end_sessions(page.db, page.owner.owner_id)
    page.browser.forget()
    return page.go("/sign-in", notice="signed_out_everywhere")


PAGES: tuple[PageRoute, ...] = (
    Show("/admin/account", show),
    Send("/admin/account/identities/unlink", unlink, again=show),
    Send("/admin/account/handle", change_handle, again=show),
    Send("/admin/account/sessions/{session_id}/end", end_session, again=show),
    Send("/admin/account/sign-out-everywhere", end_all, again=show),
)
