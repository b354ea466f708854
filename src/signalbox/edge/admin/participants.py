"""The participants of who is signed in: in which projects each is, and which of others' they take part in."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from signalbox.domain import memberships
from signalbox.domain.memberships import ParticipantArgs
from signalbox.edge.admin.members import KINDS
from signalbox.edge.admin.page import Page, PageRoute, Send, Show
from signalbox.tool import Args, Id, Label

PATH: Final = "/admin/participants"
PARTICIPANTS_SHOWN: Final = 30  # each may be in twenty projects
ELSEWHERE_SHOWN: Final = 30


class ListArgs(Args):
    """Where the two lists go on."""

    after: Label | None = None
    elsewhere_after: Id | None = None


async def show(page: Page) -> Response:
    """Show the owner's participants, and where they take part in others' projects."""
    asked = page.filters(ListArgs)
    return page.show(
        "participants.html",
        participants=await memberships.list_owner_participants(
            page.db, page.owner.owner_id, after=asked.after or "", limit=PARTICIPANTS_SHOWN + 1
        ),
        elsewhere=await memberships.list_foreign_memberships(
            page.db, page.owner.owner_id, after=asked.elsewhere_after or 0, limit=ELSEWHERE_SHOWN + 1
        ),
        participants_shown=PARTICIPANTS_SHOWN,
        elsewhere_shown=ELSEWHERE_SHOWN,
        kinds=KINDS,
    )


async def create(page: Page) -> Response:
    """Make a participant that is in no project yet."""
    await memberships.create_participant(page.db, page.owner.owner_id, page.arguments(ParticipantArgs))
    return page.go(PATH, notice="participant_created")


async def leave(page: Page) -> Response:
    """Take one of the owner's participants out of somebody else's project."""
    await memberships.leave(page.db, page.owner.owner_id, page.number("participation_id"))
    return page.go(PATH, notice="left")


PAGES: tuple[PageRoute, ...] = (
    Show(PATH, show),
    Send(PATH, create, again=show),
    Send(f"{PATH}/{{participation_id}}/leave", leave, again=show),
)
