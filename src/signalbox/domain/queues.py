"""Queues: who stands in line for surfaces, as pages show it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from signalbox.db.statements import Executor, statements
from signalbox.domain.leases import Mode, Surface
from signalbox.identity import Principal
from signalbox.tool import Args, Id, Moment, Result

sql = statements(__file__)


class WaitersArgs(Args):
    """Who waits; for a surface, or what overlaps it."""

    surface: Surface | None = None
    limit: Annotated[Id, Field(le=200)] = 50


class Waiter(Result):
    """Somebody in the line for a surface."""

    actor: str
    surface: str
    mode: Mode | None = None
    queued_at: Moment


async def list_waiters(db: Executor, who: Principal, args: WaitersArgs) -> list[Waiter]:
    """Answer who waits for surfaces, first one first."""
    return await sql.waiters.all(db, Waiter, project_id=who.project_id, surface=args.surface, limit=args.limit)
