"""A project's invites: made, listed, revoked."""

from __future__ import annotations

from typing import Final

from limits import RateLimitItemPerHour
from starlette.responses import Response

from signalbox.domain import invites
from signalbox.domain.invites import Invite, InviteArgs, RevokeInviteArgs
from signalbox.edge.admin.members import KINDS
from signalbox.edge.admin.page import PROJECT_PATH, Page, PageRoute, Send, Show
from signalbox.edge.mail import require_address, send_invite
from signalbox.errors import Unavailable
from signalbox.tool import Args, Id

PATH: Final = f"{PROJECT_PATH}/invites"
INVITES_SHOWN: Final = 30
MAILED_PER_HOUR: Final = RateLimitItemPerHour(50)  # of one owner and worker
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
    """Make an invite, and show once what to send; mail it too, where that is asked for."""
    mail_to = page.form.get("mail_to") if page.mailer else ""
    if mail_to:
        require_address(mail_to, field="mail_to")
        await page.count(MAILED_PER_HOUR, "invites mailed", page.owner.handle)
    invite = await invites.create_invite(page.db, page.who, page.arguments(InviteArgs))
    link = None if invite.code is None else f"{page.database.base_url}/invite?code={invite.code}"
    mailed = await _mail(page, mail_to, invite, link) if link and mail_to else None
    return page.show("invite_made.html", invite=invite, link=link, mail_to=mail_to, mailed=mailed)


async def _mail(page: Page, to: str, invite: Invite, link: str) -> bool:
    """Mail an invite; says whether the mail server took it."""
    assert page.mailer is not None
    assert invite.invite_prompt is not None
    values = {"project": page.who.project, "inviter": page.owner.handle, "base_url": page.database.base_url}
    try:
        await send_invite(page.mailer, to, text=invite.invite_prompt, link=link, **values)
    except Unavailable:
        return False
    return True


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
