"""The tokens of a project's participants: minted, rotated, revoked on the participant's page."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from signalbox.domain import tokens
from signalbox.domain.tokens import Changed, MintArgs, RotateArgs, TokenArgs
from signalbox.edge.admin.handing_out import hand_out
from signalbox.edge.admin.members import MEMBER_PATH, member_of, member_path, show_member
from signalbox.edge.admin.page import Page, PageRoute, Send

PATH: Final = f"{MEMBER_PATH}/tokens"


async def mint(page: Page) -> Response:
    """Give the member one more token, and hand it out."""
    member = await member_of(page)
    groups = page.form.get("tool_groups")
    wish = page.arguments(
        MintArgs,
        participant_name=member.actor,
        scopes=page.form.get("scopes").split(","),
        tool_groups=groups.split(",") if groups else None,
    )
    return _handed_out(page, await tokens.mint_token(page.db, page.who, wish))


async def rotate(page: Page) -> Response:
    """Put a new token in the place of one, and hand it out."""
    wish = page.arguments(RotateArgs, token_id=await _token_of(page))
    return _handed_out(page, await tokens.rotate_one(page.db, page.who, wish))


async def revoke(page: Page) -> Response:
    """End a token."""
    await tokens.revoke_one(page.db, page.who, page.arguments(TokenArgs, token_id=await _token_of(page)))
    return page.go(member_path(page), notice="token_revoked")


async def _token_of(page: Page) -> int:
    participation_id, token_id = page.number("participation_id"), page.number("token_id")
    return (await tokens.get_project_token(page.db, page.who, participation_id, token_id)).token_id


def _handed_out(page: Page, changed: Changed) -> Response:
    return hand_out(
        page,
        changed.token,
        actor=changed.actor,
        project=page.who.project,
        is_lead=bool(changed.is_admin),
        back=member_path(page),
        expires_at=changed.expires_at,
    )


PAGES: tuple[PageRoute, ...] = (
    Send(PATH, mint, again=show_member, recent=True),
    Send(f"{PATH}/{{token_id}}/rotate", rotate, again=show_member, recent=True),
    Send(f"{PATH}/{{token_id}}/revoke", revoke, again=show_member),
)
