"""All tools: the product's table of contents."""

from __future__ import annotations

from signalbox.domain import (
    claims,
    doorbells,
    editor_hooks,
    events,
    hooks,
    invites,
    lanes,
    leases,
    names,
    participants,
    posts,
    presence,
    search,
    syncs,
    tasks,
    waits,
    work,
)
from signalbox.tool import Catalog

CATALOG = Catalog(
    (
        *events.TOOLS,
        *posts.TOOLS,
        *waits.TOOLS,
        *syncs.TOOLS,
        *claims.TOOLS,
        *leases.TOOLS,
        *tasks.TOOLS,
        *work.TOOLS,
        *presence.TOOLS,
        *lanes.TOOLS,
        *participants.TOOLS,
        *names.TOOLS,
        *invites.TOOLS,
        *hooks.TOOLS,
        *editor_hooks.TOOLS,
        *search.TOOLS,
    )
)

CHANNEL_CATALOG = Catalog((*CATALOG, *doorbells.CHANNEL_TOOLS))
"""What the endpoint for channels offers: one tool more, so that it costs nobody else a byte."""
