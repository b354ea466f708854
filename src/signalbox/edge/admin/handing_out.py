"""The hand-out card: a new token and how to connect with it, shown once. All pages that make a token end here."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from starlette.responses import Response

from signalbox.domain import onboarding
from signalbox.edge.admin.page import Page

CLIENTS: Final = {
    "claude": "Claude Code",
    "codex": "Codex",
    "gemini": "Gemini CLI",
    "opencode": "OpenCode",
    "cursor": "Cursor",
    "vscode": "VS Code",
}


def hand_out(
    page: Page,
    token: str | None,
    *,
    actor: str,
    project: str,
    is_lead: bool,
    back: str,
    expires_at: datetime | None = None,
) -> Response:
    """Show the card of a token; without the token, which was shown before, say what to do instead.

    `back` is the page that the token is managed on.
    """
    return page.show(
        "hand_out.html",
        card=None if token is None else onboarding.hand_out(page.database.base_url, token, is_lead=is_lead),
        clients=CLIENTS,
        actor=actor,
        joined=project,
        back=back,
        expires_at=expires_at,
    )
