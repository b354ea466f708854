"""An invite that a person opens in a browser: what it offers, and accepting it."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from limits import RateLimitItemPerMinute
from starlette.responses import Response

from signalbox.domain import invites, onboarding
from signalbox.edge.admin.handing_out import hand_out
from signalbox.edge.admin.page import Page, PageRoute, Send, Show
from signalbox.tool import Args, Label

PATH: Final = "/invite"


class AcceptArgs(Args):
    """Which invite, and what the participant is called where the invite leaves that open."""

    name: Label | None = None


async def show(page: Page) -> Response:
    """Show what an invite offers, and take no use of it."""
    await _count(page)
    code = page.asked("code") or page.form.get("code")
    offer = await invites.look_at_invite(page.db if page.is_signed_in else page.database, code)
    if offer.error is not None:
        return page.show("invite_gone.html", status=invites.STATUSES[offer.error], error=offer.error)
    return page.show(
        "invite.html",
        offer=offer,
        code=code,
        sign_in=f"/sign-in?return_to={quote(f'{PATH}?code={code}', safe='')}",
        prompt=onboarding.invite_prompt(
            page.database.base_url, str(offer.project), code, offer.name, f"{offer.expires_at:%Y-%m-%d %H:%M} UTC"
        ),
    )


async def accept(page: Page) -> Response:
    """Bring a participant of the owner's into the project that the invite is for, and hand its token out."""
    await _count(page)
    name, owner_id = page.arguments(AcceptArgs).name, page.owner.owner_id
    await page.db.release()  # who holds a connection must not wait for another one
    accepted = await invites.accept_invite(page.database, page.form.get("code"), owner_id, name)
    return hand_out(
        page,
        accepted.token,
        actor=accepted.actor,
        project=accepted.project,
        is_lead=accepted.is_admin,
        back="/admin/participants",
    )


async def _count(page: Page) -> None:
    """Count a try of a code: as many as at `/join` may be made here."""
    await page.count(RateLimitItemPerMinute(page.settings.join_per_minute), "invite", page.client)


PAGES: tuple[PageRoute, ...] = (
    Show(PATH, show, is_open=True, greets=True),
    Send(f"{PATH}/accept", accept, again=show, recent=True),
)
