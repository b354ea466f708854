"""Leases: advisory, expiring holds on paths, globs and other names."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from signalbox.db.acts import act
from signalbox.db.statements import Executor, statements
from signalbox.identity import Principal, Scope
from signalbox.tool import ActArgs, Args, Effect, Id, Line, Moment, Result, Tool

sql = statements(__file__)


def normal(surface: str) -> str:
    """Write a surface one way: no `./`, no doubled slashes; `src/` is all that is in `src`, `.` all there is."""
    parts = [part for part in surface.split("/") if part not in {"", "."}]
    if surface.endswith("/") or not parts:
        parts.append("**")
    return "/" * surface.startswith("/") + "/".join(parts)


Surface = Annotated[
    Line,
    Field(max_length=200, description="Path, glob (* ? **) or name."),
    AfterValidator(normal),
]


class LeaseArgs(ActArgs):
    """What to hold, for how long, and why."""

    surface: Surface
    ttl_seconds: Annotated[Id, Field(le=86_400)] = 1800
    note: Annotated[Line | None, Field(max_length=200)] = None


class OtherLease(Result):
    """Somebody else's hold that overlaps."""

    actor: str
    surface: str
    expires_at: Moment


class Lease(Result):
    """The caller's hold, and who else holds what overlaps."""

    lease_id: int
    surface: str
    expires_at: Moment
    fence: Annotated[int, Field(description="Only grows in a project: the greater fence is the newer grant.")]
    others: list[OtherLease]


async def lease(db: Executor, who: Principal, args: LeaseArgs) -> Lease:
    """Hold a surface, or renew one's hold. Always granted: `others` says whom to talk to first."""
    return await act(db, "lease", Lease, who, args, surface=args.surface, ttl_seconds=args.ttl_seconds, note=args.note)


class ReleaseArgs(ActArgs):
    """What to let go."""

    surface: Surface


class Released(Result):
    """How many leases were ended: 1, or 0 when nothing was held."""

    released: int


async def release(db: Executor, who: Principal, args: ReleaseArgs) -> Released:
    """Let a surface go."""
    return await act(db, "release", Released, who, args, surface=args.surface)


class HoldsArgs(Args):
    """Which surface; all when left out."""

    surface: Surface | None = None


class Held(Result):
    """An open lease."""

    lease_id: int
    surface: str
    actor: str
    expires_at: Moment
    expires_in_seconds: int
    fence: int
    note: str | None = None


class WhoHolds(Result):
    """Open leases, soonest to expire first."""

    leases: list[Held]


async def who_holds(db: Executor, who: Principal, args: HoldsArgs) -> WhoHolds:
    """Answer who holds a surface or anything that overlaps it."""
    if args.surface is None:
        return WhoHolds(leases=await sql.who_holds.all(db, Held, project_id=who.project_id))
    found = await sql.who_holds_surface.all(db, Held, project_id=who.project_id, surface=args.surface)
    return WhoHolds(leases=found)


TOOLS = (
    Tool(
        "lease",
        lease,
        Scope.WRITE,
        Effect.REPEATS,
        "Hold a path or glob while you edit it; again renews. Advisory: others lists who holds "
        "something that overlaps. Talk to them first.",
    ),
    Tool("release", release, Scope.WRITE, Effect.REPEATS, "End your lease of a surface."),
    Tool(
        "who_holds",
        who_holds,
        Scope.READ,
        Effect.READS,
        "Open leases that overlap a surface, or all.",
    ),
)
