"""Addresses: whom a post can go to and who can own a task, offered while one types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from signalbox.domain.participants import list_participants
from signalbox.edge.admin.page import Page
from signalbox.tool import Args

OFFERED_MAX: Final = 100  # of each: a page stays small, and any other name can be typed


@dataclass(frozen=True)
class Addresses:
    """Participants and lanes of a project, by name."""

    actors: list[str]
    lanes: list[str]


async def addresses(page: Page) -> Addresses:
    """Answer the participants of the page's project and the lanes they were given."""
    listed = (await list_participants(page.db, page.who, Args())).participants
    return Addresses(
        sorted(one.actor for one in listed)[:OFFERED_MAX],
        sorted({one.lane for one in listed if one.lane is not None})[:OFFERED_MAX],
    )
