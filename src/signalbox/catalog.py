"""All tools: the product's table of contents."""

from __future__ import annotations

from signalbox.domain import (
    claims,
    doorbells,
    events,
    hooks,
    invites,
    leases,
    participants,
    posts,
    presence,
    search,
    tasks,
)
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
        *search.TOOLS,
    )
)

CHANNEL_CATALOG = Catalog((*CATALOG, *doorbells.CHANNEL_TOOLS))
"""What the endpoint for channels offers: one tool more, so that it costs nobody else a byte."""
