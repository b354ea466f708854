"""All tools: the product's table of contents."""

from __future__ import annotations

from signalbox.domain import claims, events, invites, leases, participants, posts, presence, search, tasks
from signalbox.tool import Catalog

CATALOG = Catalog(
    (
        *events.TOOLS,
        *search.TOOLS,
        *posts.TOOLS,
        *claims.TOOLS,
        *leases.TOOLS,
        *tasks.TOOLS,
        *presence.TOOLS,
        *participants.TOOLS,
        *invites.TOOLS,
    )
)
