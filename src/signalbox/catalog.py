"""All tools: the product's table of contents."""

from __future__ import annotations

from signalbox.domain import claims, events, hooks, invites, leases, participants, posts, presence, tasks
from signalbox.tool import Catalog

CATALOG = Catalog(
    (
        *events.TOOLS,
        *posts.TOOLS,
        *claims.TOOLS,
        *leases.TOOLS,
        *tasks.TOOLS,
        *presence.TOOLS,
        *participants.TOOLS,
        *invites.TOOLS,
        *hooks.TOOLS,
    )
)
