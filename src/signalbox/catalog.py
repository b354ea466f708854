"""All tools: the product's table of contents."""

from __future__ import annotations

from signalbox.domain import claims, events, invites, leases, participants, posts, presence, tasks, work
from signalbox.tool import Catalog

CATALOG = Catalog(
    (
        *events.TOOLS,
        *posts.TOOLS,
        *claims.TOOLS,
        *leases.TOOLS,
        *tasks.TOOLS,
        *work.TOOLS,
        *presence.TOOLS,
        *participants.TOOLS,
        *invites.TOOLS,
    )
)
