"""A project's participants: who is in it and was, bringing in, changing and removing."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from signalbox.domain import members, memberships, tokens
from signalbox.domain.members import ChangeArgs, GrantArgs, Member, RemoveArgs
from signalbox.edge.admin.forms import NotFilledIn
from signalbox.edge.admin.handing_out import hand_out
from signalbox.edge.admin.page import PROJECT_PATH, Page, PageRoute, Send, Show
from signalbox.tool import Args, Id

PATH: Final = f"{PROJECT_PATH}/participants"
MEMBER_PATH: Final = f"{PATH}/{{participation_id}}"
MEMBERS_SHOWN: Final = 50
REMOVED_SHOWN: Final = 30
TOKENS_SHOWN: Final = 20
GRANTABLE_SHOWN: Final = 100

DAY: Final = 86_400
KINDS: Final = (("agent", "an agent"), ("human", "a human"))
ROLES: Final = (("member", "member"), ("lead", "lead: may manage the project's participants"))
LIFETIMES: Final = (
    ("", "until it is revoked"),
    (DAY, "1 day"),
    (7 * DAY, "7 days"),
    (30 * DAY, "30 days"),
    (90 * DAY, "90 days"),
    (365 * DAY, "1 year"),
)
SCOPES: Final = (
    ("read,write,manage", "all that its role may"),
    ("read,write", "read and write, not manage"),
    ("read", "read only"),
    ("write", "write only"),
)
TOOLS: Final = (
    ("", "all that it may call"),
    ("core", "the core"),
    ("core,lanes", "the core and lanes"),
    ("core,work", "the core, tasks and numbers"),
    ("core,lanes,work", "all but managing"),
)
OVERLAPS: Final = ((0, "ends at once"), (3600, "holds for 1 h"), (DAY, "holds for 24 h"), (7 * DAY, "holds for 7 days"))


class ListArgs(Args):
    """Where the lists of who is in and who was go on."""

    after: Id | None = None
    removed_after: Id | None = None


class TokenListArgs(Args):
    """Where the list of tokens goes on."""

    before: Id | None = None


def member_path(page: Page) -> str:
    """Name the page of the member that the request is about."""
    return f"{page.project_path}/participants/{page.number('participation_id')}"


async def member_of(page: Page) -> Member:
    """Find the member that the request is about; raises NotFound."""
    return await members.get_member(page.db, page.who, page.number("participation_id"))


async def show(page: Page) -> Response:
    """Show who is in the project and who was."""
    asked = page.filters(ListArgs)
    return page.show(
        "members.html",
        members=await members.list_members(
            page.db, page.who, after=asked.after or 0, limit=MEMBERS_SHOWN + 1, is_removed=False
        ),
        removed=await members.list_members(
            page.db, page.who, after=asked.removed_after or 0, limit=REMOVED_SHOWN + 1, is_removed=True
        ),
        grantable=await memberships.list_owner_participants(
            page.db, page.owner.owner_id, limit=GRANTABLE_SHOWN + 1, outside_project_id=page.who.project_id
        ),
        asked=asked,
        members_shown=MEMBERS_SHOWN,
        removed_shown=REMOVED_SHOWN,
        grantable_shown=GRANTABLE_SHOWN,
        kinds=KINDS,
        roles=ROLES,
        lifetimes=LIFETIMES,
    )


async def bring_in(page: Page) -> Response:
    """Bring a participant of the owner's in, new or not, and hand its token out."""
    granted = await members.grant(page.db, page.who, page.arguments(GrantArgs))
    return hand_out(
        page,
        granted.token,
        actor=granted.actor,
        project=page.who.project,
        is_lead=granted.is_admin,
        back=f"{page.project_path}/participants",
        expires_at=granted.expires_at,
    )


async def show_member(page: Page) -> Response:
    """Show one who is or was in the project, with its tokens."""
    member = await member_of(page)
    return page.show(
        "member.html",
        member=member,
        path=member_path(page),
        tokens=await tokens.list_project_tokens(
            page.db,
            page.who,
            participation_id=member.participation_id,
            before=page.filters(TokenListArgs).before,
            limit=TOKENS_SHOWN + 1,
        ),
        tokens_shown=TOKENS_SHOWN,
        roles=ROLES,
        lifetimes=LIFETIMES,
        scopes=SCOPES,
        tools=TOOLS,
        overlaps=OVERLAPS,
    )


async def change(page: Page) -> Response:
    """Change a member's role or lane."""
    member = await member_of(page)
    wish = page.arguments(ChangeArgs, participant_name=member.actor, lane=page.form.get("lane"))
    await members.change_member(page.db, page.who, wish)
    return page.go(member_path(page), notice="member_changed")


async def remove(page: Page) -> Response:
    """Take a member out."""
    member = await member_of(page)
    if page.form.get("sure") != "true":
        raise NotFilledIn({"sure": "tick this if you mean it"})
    await members.remove_member(page.db, page.who, page.arguments(RemoveArgs, participant_name=member.actor))
    return page.go(f"{page.project_path}/participants", notice="member_removed")


PAGES: tuple[PageRoute, ...] = (
    Show(PATH, show),
    Send(f"{PATH}/new", bring_in, again=show, recent=True),
    Send(f"{PATH}/grant", bring_in, again=show, recent=True),
    Show(MEMBER_PATH, show_member),
    Send(f"{MEMBER_PATH}/change", change, again=show_member),
    Send(f"{MEMBER_PATH}/remove", remove, again=show_member),
)
