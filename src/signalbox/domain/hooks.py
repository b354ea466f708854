"""What hooks of editors, git and CI ask: numbers, surfaces and handoffs, each in one short answer.

These are tools like others, but for programs: they are listed only where the group `hooks` is asked for.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from signalbox.db.acts import act
from signalbox.db.statements import Executor, statements
from signalbox.domain import transports
from signalbox.domain.claims import ClaimsArgs, ListedClaim, SequenceName, list_claims
from signalbox.domain.leases import Surface
from signalbox.identity import Principal, Scope, ToolGroup
from signalbox.tool import ActArgs, Args, Effect, Id, Line, Moment, Result, Tool, Whole

sql = statements(__file__)

TOGETHER_MAX: Final = 100


class NumberedFile(Args):
    """A number that a file carries in its name."""

    sequence: SequenceName
    number: Whole


class CheckNumbersArgs(Args):
    """Which numbers."""

    numbers: Annotated[list[NumberedFile], Field(min_length=1, max_length=TOGETHER_MAX)]


class CheckedNumber(Result):
    """Who has a number. `next` is the one that the next claim of the sequence would get; nothing is claimed."""

    sequence: str
    number: int
    state: Literal["mine", "other", "unclaimed"]
    by: str | None = None
    note: str | None = None
    next: int


class CheckedNumbers(Result):
    """An answer for each number, in the order of the question."""

    numbers: list[CheckedNumber]


async def check_numbers(db: Executor, who: Principal, args: CheckNumbersArgs) -> CheckedNumbers:
    """Say who has claimed the numbers that files carry."""
    checked = await sql.check_numbers.all(
        db,
        CheckedNumber,
        project_id=who.project_id,
        participation_id=who.participation_id,
        sequences=[file.sequence for file in args.numbers],
        numbers=[file.number for file in args.numbers],
    )
    return CheckedNumbers(numbers=checked)


class Claims(Result):
    """A page of one sequence's claims, newest first."""

    claims: list[ListedClaim]


async def claims_of(db: Executor, who: Principal, args: ClaimsArgs) -> Claims:
    """Answer a page of one sequence's claims, for a report over all of them."""
    return Claims(claims=await list_claims(db, who, args))


class CheckSurfacesArgs(Args):
    """Which surfaces."""

    surfaces: Annotated[list[Surface], Field(min_length=1, max_length=20)]


class LeaseInTheWay(Result):
    """An open lease that overlaps one of the surfaces."""

    surface: str
    lease: str
    actor: str
    mine: bool
    expires_in_seconds: int
    note: str | None = None
    mode: Literal["exclusive", "shared"]


class CheckedSurfaces(Result):
    """The open leases that overlap the surfaces, the caller's own among them."""

    leases: list[LeaseInTheWay]


async def check_surfaces(db: Executor, who: Principal, args: CheckSurfacesArgs) -> CheckedSurfaces:
    """Say which leases lie over surfaces that are about to be changed."""
    found = await sql.check_surfaces.all(
        db,
        LeaseInTheWay,
        project_id=who.project_id,
        participation_id=who.participation_id,
        surfaces=args.surfaces,
    )
    return CheckedSurfaces(leases=found)


class InboxArgs(Args):
    """Which handoffs: those above an id, oldest first."""

    after: Whole = 0
    limit: Annotated[Id, Field(le=20)] = 5
    urgent_only: bool = False


class WaitingPost(Result):
    """A handoff that waits for the caller's ack: text of another participant."""

    post_id: int
    from_: Annotated[str, Field(alias="from")]
    kind: str | None = None
    urgency: str | None = None
    subject: str | None = None
    ref: str | None = None
    body: Annotated[str, Field(description="Its beginning.")]
    body_characters: Annotated[int, Field(description="How long it is in all.")]


class Inbox(Result):
    """Who the caller is, and what waits for it."""

    actor: str
    project: str
    lane: str | None = None
    waiting: int
    posts: list[WaitingPost]


async def inbox(db: Executor, who: Principal, args: InboxArgs) -> Inbox:
    """Answer what a hook shows an agent; what it answers counts as offered."""
    posts = await sql.inbox.all(
        db,
        WaitingPost,
        project_id=who.project_id,
        participation_id=who.participation_id,
        after=args.after,
        urgent_only=args.urgent_only,
        limit=args.limit,
    )
    transports.offered(db, who, "hook", [post.post_id for post in posts])
    return Inbox(actor=who.actor, project=who.project, lane=who.lane, waiting=who.unread_posts, posts=posts)


class MyToken(Result):
    """What the caller's token may do, and until when."""

    scopes: list[str]
    is_admin: bool
    expires_at: Moment | None = None
    expires_in_seconds: int | None = None


async def my_token(db: Executor, who: Principal, _args: Args) -> MyToken:
    """Answer what a doctor asks of a token."""
    row = await sql.my_token.one(db, TokenTimes, project_id=who.project_id, token_hash=who.token_hash)
    return MyToken(
        scopes=sorted(who.scopes),
        is_admin=who.is_lead,
        expires_at=row.expires_at,
        expires_in_seconds=row.expires_in_seconds,
    )


class TokenTimes(Result):
    """Until when a token holds; for ever without a time."""

    expires_at: Moment | None = None
    expires_in_seconds: int | None = None


class OverrideArgs(ActArgs):
    """Which hook was overridden, why, and for what."""

    hook: Literal["reconcile", "guard"]
    reason: Annotated[Line, Field(max_length=200)]
    surfaces: Annotated[list[Annotated[Line, Field(max_length=200)]], Field(max_length=20, default_factory=list)]


class Overridden(Result):
    """Where the ledger says so."""

    event_id: int


async def note_override(db: Executor, who: Principal, args: OverrideArgs) -> Overridden:
    """Record in the ledger that somebody chose to go on past a hook."""
    return await act(
        db, "note_override", Overridden, who, args, hook=args.hook, reason=args.reason, surfaces=args.surfaces
    )


TOOLS = (
    Tool(
        "check_numbers",
        check_numbers,
        Scope.READ,
        Effect.READS,
        "Say who has claimed the numbers that files carry.",
        group=ToolGroup.HOOKS,
    ),
    Tool(
        "claims_of",
        claims_of,
        Scope.READ,
        Effect.READS,
        "All claims of a sequence, newest first.",
        group=ToolGroup.HOOKS,
    ),
    Tool(
        "check_surfaces",
        check_surfaces,
        Scope.READ,
        Effect.READS,
        "Say which leases lie over surfaces.",
        group=ToolGroup.HOOKS,
    ),
    Tool(
        "inbox",
        inbox,
        Scope.READ,
        Effect.READS,
        "Who you are and which handoffs wait for you, for a hook to show.",
        reports_inbox=True,
        group=ToolGroup.HOOKS,
    ),
    Tool(
        "my_token",
        my_token,
        Scope.READ,
        Effect.READS,
        "What your token may do, and until when.",
        group=ToolGroup.HOOKS,
    ),
    Tool(
        "note_override",
        note_override,
        Scope.WRITE,
        Effect.WRITES,
        "Record that a hook was overridden.",
        group=ToolGroup.HOOKS,
    ),
)
