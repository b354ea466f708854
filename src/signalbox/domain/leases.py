"""Leases: advisory, expiring holds on paths, globs and other names."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from signalbox.db.acts import act
from signalbox.db.statements import Executor, statements
from signalbox.errors import NotFound
from signalbox.identity import Principal, Scope
from signalbox.tool import ActArgs, ActorName, Args, Effect, Id, Line, Moment, Page, Result, Tool, named_by

sql = statements(__file__)

SURFACE_CHARACTERS_MAX: Final = 200


def normal(surface: str) -> str:
    """Write a surface one way: no `./`, no doubled slashes; `src/` is all that is in `src`, `.` all there is."""
    parts = [part for part in surface.split("/") if part not in {"", "."}]
    if surface.endswith("/") or not parts:
        parts.append("**")
    return "/" * surface.startswith("/") + "/".join(parts)


def _normal_within_bound(surface: str) -> str:
    """Write it one way; what is longer then is refused, so that whatever is shown can be named again."""
    written = normal(surface)
    if len(written) > SURFACE_CHARACTERS_MAX:
        raise ValueError(f"at most {SURFACE_CHARACTERS_MAX} characters, and it is written {written[-20:]!r} at its end")
    return written


Surface = Annotated[
    Line,
    Field(max_length=SURFACE_CHARACTERS_MAX, description="Path, glob (* ? **) or name."),
    AfterValidator(_normal_within_bound),
]


Mode = Literal["exclusive", "shared"]


class LeaseArgs(ActArgs):
    """What to hold, how, for how long, and why; and whether to wait rather than to hold it beside others."""

    surface: Surface
    ttl_seconds: Annotated[Id, Field(le=86_400)] = 1800
    note: Annotated[Line | None, Field(max_length=200)] = None
    mode: Mode | None = None
    queue: bool = False


class OtherLease(Result):
    """Somebody else's hold that overlaps."""

    actor: str
    surface: str
    expires_at: Moment


class Lease(Result):
    """The caller's hold, and who else holds what overlaps; or the caller's place in the line for it.

    While it waits, lease_id, expires_at and fence are left out.
    """

    lease_id: int | None = None
    surface: str
    mode: Annotated[Mode | None, Field(description="exclusive is left out.")] = None
    expires_at: Moment | None = None
    fence: Annotated[
        int | None, Field(description="Only grows in a project: the greater fence is the newer grant.")
    ] = None
    queued: Annotated[int | None, Field(description="The place in the line; 1 is next.")] = None
    others: list[OtherLease]


async def lease(db: Executor, who: Principal, args: LeaseArgs) -> Lease:
    """Hold a surface, or renew one's hold. Always granted: `others` says whom to talk to first.

    With `queue` it is granted when it is the caller's turn, in the order of arrival, and until then the answer has its
    place in the line. Who waits calls again, `wait` does it for them; a place is kept for two minutes after each call.

    Raises:
        Conflict: waiting would never end; names the circle, and the cheapest way out of it.
    """
    return await act(db, "lease", Lease, who, args, **args.model_dump(exclude={"idempotency_key"}))


class ReleaseArgs(ActArgs):
    """What to let go: a surface of one's own, or a lease; somebody else's for a reason."""

    model_config = named_by("oneOf", surface="string", lease_id="integer")

    surface: Surface | None = None
    lease_id: Id | None = None
    reason: Annotated[Line | None, Field(max_length=200)] = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.surface is None) == (self.lease_id is None):
            raise ValueError("one of surface and lease_id is required")
        return self


class Released(Result):
    """How many leases were ended: 1, or 0 when nothing was held. Whose and what, where it was somebody else's."""

    released: int
    left_queue: Annotated[int | None, Field(description="1: the place in the line for it was given up.")] = None
    lease_id: int | None = None
    surface: str | None = None
    holder: str | None = None


async def release(db: Executor, who: Principal, args: ReleaseArgs) -> Released:
    """Let a surface go, or give up waiting for it; or, as a lead, end a lease of somebody else.

    Raises:
        Forbidden: it is somebody else's, and the caller is no lead.
        NotFound, Conflict: a lease that is named by its id is not there, or is over and somebody else's.
    """
    return await act(db, "release", Released, who, args, **args.model_dump(exclude={"idempotency_key"}))


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
    mode: Annotated[Mode | None, Field(description="exclusive is left out.")] = None
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


class ForceArgs(ActArgs):
    """Which lease of whomever to end, and why."""

    lease_id: Id
    reason: Annotated[Line, Field(max_length=200)]


class ForceReleased(Result):
    """A lease that was ended for its holder."""

    lease_id: int
    surface: str
    holder: str
    released: int


async def force_release(db: Executor, who: Principal, args: ForceArgs) -> ForceReleased:
    """End somebody's lease, with a reason that stands in the ledger.

    Raises:
        Forbidden: the caller is no lead.
        NotFound: the project has no such lease.
        Conflict: it is over already; says whose it was and since when.
    """
    return await act(db, "force_release", ForceReleased, who, args, lease_id=args.lease_id, reason=args.reason)


class LeasesArgs(Page):
    """Which leases: by holder, and by surface what overlaps it, or with `include_over` exactly it."""

    surface: Surface | None = None
    holder: ActorName | None = None
    include_over: bool = False


class ListedLease(Result):
    """A lease, open or over."""

    lease_id: int
    surface: str
    actor: str
    note: str | None = None
    granted_at: Moment
    expires_at: Moment
    released_at: Moment | None = None
    fence: int
    mode: Mode | None = None
    expires_in_seconds: Annotated[int, Field(description="0: over.")]

    @property
    def is_open(self) -> bool:
        """Whether it was held when the list was read."""
        return self.expires_in_seconds > 0


async def list_leases(db: Executor, who: Principal, args: LeasesArgs) -> list[ListedLease]:
    """Answer a page of leases, newest first; raises NotFound for a holder who never was in the project."""
    filters = {"project_id": who.project_id, "holder": args.holder, "before": args.before, "limit": args.limit}
    if args.surface is None and args.include_over:
        return await sql.leases_ever.all(db, ListedLease, **filters)
    if args.surface is None:
        return await sql.open_leases.all(db, ListedLease, **filters)
    if args.include_over:
        return await sql.leases_of_surface.all(db, ListedLease, **filters, surface=args.surface)
    return await sql.open_leases_on.all(db, ListedLease, **filters, surface=args.surface)


async def one_lease(db: Executor, who: Principal, lease_id: int) -> ListedLease:
    """Answer one lease, open or over; raises NotFound when the project has no such lease."""
    lease = await sql.one_lease.first(db, ListedLease, project_id=who.project_id, lease_id=lease_id)
    if lease is None:
        raise NotFound(f"no lease {lease_id} in this project: who_holds shows those there are")
    return lease


TOOLS = (
    Tool(
        "lease",
        lease,
        Scope.WRITE,
        Effect.REPEATS,
        "Hold a path or glob while you edit it; again renews. Advisory: others lists who holds "
        "something that overlaps. Talk to them first, or queue and call again.",
    ),
    Tool(
        "release",
        release,
        Scope.WRITE,
        Effect.REPEATS,
        "End your lease; a lead, with a reason, anybody's by lease_id.",
    ),
    Tool(
        "who_holds",
        who_holds,
        Scope.READ,
        Effect.READS,
        "Open leases that overlap a surface, or all.",
    ),
)
