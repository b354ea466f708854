"""A project's invites: made, listed, revoked."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from signalbox.domain import invites
from signalbox.domain.invites import InviteArgs, RevokeInviteArgs
from signalbox.edge.admin.members import KINDS
from signalbox.edge.admin.page import PROJECT_PATH, Page, PageRoute, Send, Show
from signalbox.tool import Args, Id

PATH: Final = f"{PROJECT_PATH}/invites"
INVITES_SHOWN: Final = 30
LIFETIMES: Final = ((1, "1 h"), (4, "4 h"), (24, "24 h"), (72, "3 days"), (168, "7 days"))


class ListArgs(Args):
    """Where the list goes on."""

    before: Id | None = None


async def show(page: Page) -> Response:
    """Show the invites."""
    return page.show(
        "invites.html",
        invites=await invites.list_invites(
            page.db, page.who, before=page.filters(ListArgs).before, limit=INVITES_SHOWN + 1
        ),
        invites_shown=INVITES_SHOWN,
        kinds=KINDS,
        lifetimes=LIFETIMES,
    )


async def create(page: Page) -> Response:
    """Make an invite, and show once what to send."""
    invite = await invites.create_invite(page.db, page.who, page.arguments(InviteArgs))
    link = None if invite.code is None else f"{page.database.base_url}/invite?code={invite.code}"
    return page.show("invite_made.html", invite=invite, link=link)


async def revoke(page: Page) -> Response:
    """End an invite."""
    wish = page.arguments(RevokeInviteArgs, invite_id=page.number("invite_id"))
    await invites.revoke_invite(page.db, page.who, wish)
    return page.go(f"{page.project_path}/invites", notice="invite_revoked")


PAGES: tuple[PageRoute, ...] = (
    Show(PATH, show),
    Send(PATH, create, again=show, recent=True),
    Send(f"{PATH}/{{invite_id}}/revoke", revoke, again=show),
)
