"""All pages: the table of contents of the web admin."""

from __future__ import annotations

from typing import Final

from signalbox.edge.admin import (
    account,
    board,
    home,
    invites,
    joining,
    lanes,
    leases,
    ledger,
    members,
    oidc,
    operators,
    participants,
    posts,
    project_settings,
    proxy,
    search,
    sequences,
    sign_in,
    sign_up,
    tasks,
    tokens,
    watching,
)
from signalbox.edge.admin.page import PageRoute

PAGES: Final[tuple[PageRoute, ...]] = (
    *sign_in.PAGES,
    *oidc.PAGES,
    *proxy.PAGES,
    *sign_up.PAGES,
    *joining.PAGES,
    *home.PAGES,
    *participants.PAGES,
    *account.PAGES,
    *board.PAGES,
    *watching.PAGES,
    *posts.PAGES,
    *tasks.PAGES,
    *leases.PAGES,
    *sequences.PAGES,
    *lanes.PAGES,
    *ledger.PAGES,
    *search.PAGES,
    *members.PAGES,
    *tokens.PAGES,
    *invites.PAGES,
    *project_settings.PAGES,
    *operators.PAGES,
)
