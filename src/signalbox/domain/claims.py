"""Sequences: numbers that are never handed out twice, and never skipped."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from signalbox.db.acts import act
from signalbox.db.statements import Executor, statements
from signalbox.identity import Principal, Scope, ToolGroup
from signalbox.tool import (
    INTEGER_MAX,
    ActArgs,
    Args,
    Effect,
    Id,
    Line,
    LineOrNothing,
    Moment,
    Page,
    Result,
    Tool,
    Whole,
)

sql = statements(__file__)

UNSETTLED_SHOWN: Final = 25  # of a page, and of each sequence looked at for it
SEED_MAX: Final = 1_000_000_000_000  # leaves 9,000 times as many numbers to claim

Outcome = Literal["committed", "void"]

SequenceName = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]


class ClaimArgs(ActArgs):
    """What to take a number of."""

    sequence: SequenceName
    note: Annotated[Line | None, Field(max_length=500)] = None


class Claim(Result):
    """A number that is the caller's alone."""

    sequence: str
    number: int
    formatted: str
    note: str | None = None


async def claim(db: Executor, who: Principal, args: ClaimArgs) -> Claim:
    """Take the next number. The counter and the ledger move together or not at all."""
    return await act(db, "claim", Claim, who, args, sequence=args.sequence, note=args.note)


class SeedArgs(ActArgs):
    """Where a sequence goes on, and how its ids look."""

    sequence: SequenceName
    current: Annotated[Whole, Field(le=SEED_MAX, description="The last number in use.")]
    prefix: Annotated[LineOrNothing | None, Field(max_length=16, description='"" takes it away.')] = None
    pad: Annotated[Whole | None, Field(le=12, description="Digits, zero-padded.")] = None


class Seed(Result):
    """A sequence as it stands."""

    sequence: str
    current: int
    prefix: str
    pad: int


async def seed_sequence(db: Executor, who: Principal, args: SeedArgs) -> Seed:
    """Set the last used number of a sequence; raises Conflict rather than go back."""
    return await act(
        db,
        "seed_sequence",
        Seed,
        who,
        args,
        sequence=args.sequence,
        current=args.current,
        prefix=args.prefix,
        pad=args.pad,
    )


class SettleArgs(ActArgs):
    """Which number, and what became of it."""

    sequence: SequenceName
    number: Id
    outcome: Outcome
    ref: Annotated[Line | None, Field(max_length=120)] = None


class Settlement(Result):
    """What became of a number."""

    sequence: str
    number: int
    formatted: str
    outcome: Outcome
    ref: str | None = None
    settled_at: Moment


async def settle_claim(db: Executor, who: Principal, args: SettleArgs) -> Settlement:
    """Say that a number is in use, or that it never will be: it stays taken all the same.

    Raises:
        Forbidden: the caller neither claimed it nor is a lead.
        NotFound: nobody claimed it.
        Conflict: it was settled otherwise; says how.
    """
    return await act(db, "settle_claim", Settlement, who, args, **args.model_dump(exclude={"idempotency_key"}))


class LatestArgs(Args):
    """Whether what was never settled is asked for, and the `seq` below which to page on in that."""

    unsettled: bool = False
    before: Id | None = None


class LatestClaim(Result):
    """The newest claim of one sequence, or one that was never settled."""

    sequence: str
    number: int
    formatted: str
    by: str
    at: Moment
    seq: Annotated[int | None, Field(description="The event of one that was never settled.")] = None


class LatestClaims(Result):
    """The newest claim of each sequence; or claims that were never settled, newest first."""

    sequences: list[LatestClaim]


async def latest_claims(db: Executor, who: Principal, args: LatestArgs) -> LatestClaims:
    """Answer who claimed last of each sequence, or which numbers were never settled."""
    if not args.unsettled:
        return LatestClaims(sequences=await sql.latest_claims.all(db, LatestClaim, project_id=who.project_id))
    before = args.before or INTEGER_MAX
    found = await sql.unsettled_claims.all(
        db, LatestClaim, project_id=who.project_id, before=before, limit=UNSETTLED_SHOWN
    )
    return LatestClaims(sequences=found)


class Sequence(Result):
    """A sequence with the id that the next claim would get."""

    name: str
    prefix: str
    pad: int
    last_used: int
    next: int
    next_formatted: str


class Sequences(Result):
    """The project's sequences, by name."""

    sequences: list[Sequence]


async def list_sequences(db: Executor, who: Principal, _args: Args) -> Sequences:
    """Answer the sequences there are."""
    return Sequences(sequences=await sql.list_sequences.all(db, Sequence, project_id=who.project_id))


class ClaimsArgs(Page):
    """Which sequence; `before` is a number of it."""

    sequence: SequenceName


class ListedClaim(Result):
    """A number that was taken, by whom and when."""

    number: int
    formatted: str
    by: str
    at: Moment
    note: str | None = None
    outcome: Outcome | None = None
    settled_ref: str | None = None
    settled_by: str | None = None
    seq: Annotated[int, Field(description="Its event.")]


async def list_claims(db: Executor, who: Principal, args: ClaimsArgs) -> list[ListedClaim]:
    """Answer a page of one sequence's claims, newest first."""
    return await sql.list_claims.all(
        db,
        ListedClaim,
        project_id=who.project_id,
        sequence=args.sequence,
        before=args.before,
        limit=args.limit,
    )


TOOLS = (
    Tool(
        "claim",
        claim,
        Scope.WRITE,
        Effect.WRITES,
        "Take the next number of a sequence (ADR, migration, port …) and get the exact id to write. "
        "No other caller ever gets it. Claim before you name the file.",
    ),
    Tool(
        "seed_sequence",
        seed_sequence,
        Scope.WRITE,
        Effect.REPEATS,
        "Set a sequence's last used number and format; never goes back. Leads only.",
        lead_only=True,
        group=ToolGroup.ADMIN,
    ),
    Tool(
        "settle_claim",
        settle_claim,
        Scope.WRITE,
        Effect.REPEATS,
        "Say what became of a number you claimed; void stays taken.",
        group=ToolGroup.WORK,
    ),
    Tool(
        "latest_claims",
        latest_claims,
        Scope.READ,
        Effect.READS,
        "The newest claim of each sequence; or all unsettled.",
        group=ToolGroup.WORK,
    ),
    Tool(
        "list_sequences",
        list_sequences,
        Scope.READ,
        Effect.READS,
        "All sequences with the next id of each.",
        group=ToolGroup.WORK,
    ),
)
