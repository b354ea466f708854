"""Leases: who holds what, who held it, and ending somebody's lease for them."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from signalbox.domain import leases, queues
from signalbox.domain.leases import ForceArgs, LeasesArgs
from signalbox.domain.queues import WaitersArgs
from signalbox.edge.admin.filters import Filters
from signalbox.edge.admin.page import PROJECT_PATH, Page, PageRoute, Send, Show

LEASES_SHOWN: Final = 50
WAITERS_SHOWN: Final = 20


async def show(page: Page) -> Response:
    """Show the leases that were asked for, newest first."""
    filters = Filters(page, LeasesArgs, limit=LEASES_SHOWN)
    found = await filters.answer(leases.list_leases, page, actor_field="holder") or []
    waiting = [] if filters.given else await queues.list_waiters(page.db, page.who, WaitersArgs(limit=WAITERS_SHOWN))
    return page.show(
        "leases.html",
        status=filters.status,
        filters=filters,
        leases=found,
        waiting=waiting,
        before=found[-1].lease_id if len(found) == LEASES_SHOWN else None,
    )


async def show_one(page: Page) -> Response:
    """Show one lease, who waits for it, and the form that ends it."""
    lease = await leases.one_lease(page.db, page.who, page.number("lease_id"))
    asked = WaitersArgs(surface=lease.surface, limit=WAITERS_SHOWN)
    waiting = await queues.list_waiters(page.db, page.who, asked) if lease.is_open else []
    return page.show("lease.html", lease=lease, waiting=waiting)


async def force_release(page: Page) -> Response:
    """End a lease for its holder."""
    await leases.force_release(page.db, page.who, page.arguments(ForceArgs, lease_id=page.number("lease_id")))
    return page.go(f"{page.project_path}/leases", notice="lease_released")


LEASE_PATH: Final = f"{PROJECT_PATH}/leases/{{lease_id}}"

PAGES: tuple[PageRoute, ...] = (
    Show(f"{PROJECT_PATH}/leases", show),
    Show(LEASE_PATH, show_one),
    Send(f"{LEASE_PATH}/force-release", force_release, again=show_one),
)
