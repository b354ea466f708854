"""The board: how a project stands at a glance, and how all projects of an owner do."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from signalbox.db.statements import Executor, statements
from signalbox.domain.claims import Sequence
from signalbox.domain.events import Event
from signalbox.domain.leases import Held
from signalbox.domain.presence import Active
from signalbox.domain.tasks import Status, Task
from signalbox.identity import Principal
from signalbox.tool import Args, FromJson, Id, Moment, Result

sql = statements(__file__)

BOARD_OVERDUE_SECONDS: Final = 86_400.0  # a handoff that says no deadline and has waited longer
BOARD_SHOWN_MAX: Final = 50  # of each list
BOARD_EVENTS_MAX: Final = 30
BOARD_TASKS_MAX: Final = 10
COUNT_MAX: Final = 1000  # counts stop here: it reads "1,000 or more"
OVERVIEW_PROJECTS_MAX: Final = 200
OVERVIEW_HANDOFFS_MAX: Final = 100  # counted; one more reads "100+"
ACTIVITY_EVENTS_MAX: Final = 20_000


class Handoff(Result):
    """A post that one of its recipients has not acked."""

    post_id: int
    thread_id: int
    from_: Annotated[str, Field(alias="from")]
    to: Annotated[str, Field(description="The recipient whose ack is waited for.")]
    to_lane: str | None = None
    subject: str | None = None
    ref: str | None = None
    created_at: Moment
    waiting_seconds: int
    overdue: bool


class Board(Result):
    """How a project stands. Lists are short, counts say how much there is, up to COUNT_MAX.

    Who is active stands latest first, handoffs oldest first, leases soonest to expire first, tasks under way by state
    and newest first, sequences by name, events newest first.
    """

    head: int
    active: Annotated[list[Active], FromJson]
    active_count: int
    handoffs: Annotated[list[Handoff], FromJson]
    handoffs_count: int
    leases: Annotated[list[Held], FromJson]
    leases_count: int
    tasks: Annotated[list[Task], FromJson]
    task_counts: Annotated[dict[Status, int], FromJson]
    sequences: Annotated[list[Sequence], FromJson]
    sequences_count: int
    events: Annotated[list[Event], FromJson]


async def board(db: Executor, who: Principal) -> Board:
    """Answer how the project stands, in one statement."""
    return await sql.board.one(
        db,
        Board,
        project_id=who.project_id,
        participation_id=who.participation_id,
        is_lead=who.is_lead,
        liveness_seconds=float(who.liveness_seconds),
        overdue_seconds=BOARD_OVERDUE_SECONDS,
        shown_max=BOARD_SHOWN_MAX,
        tasks_max=BOARD_TASKS_MAX,
        events_max=BOARD_EVENTS_MAX,
        count_max=COUNT_MAX,
    )


class ProjectOverview(Result):
    """A project of an owner at a glance; the `last_…` fields are those of its newest event."""

    project_id: int
    name: str
    created_at: Moment
    archived_at: Moment | None = None
    liveness_seconds: int
    active: Annotated[int, Field(description="Participants seen within the project's window.")]
    handoffs: Annotated[int, Field(description="Not acked, counted up to OVERVIEW_HANDOFFS_MAX + 1.")]
    head: int
    last_at: Moment | None = None
    last_type: str | None = None
    last_actor: str | None = None


async def overview(db: Executor, owner_id: int) -> list[ProjectOverview]:
    """Answer the projects an owner has, archived ones last, then by name.

    The executor's tenant must be all of them: of a project that is not in it, only the name is known.
    """
    return await sql.overview.all(
        db,
        ProjectOverview,
        owner_id=owner_id,
        count_max=OVERVIEW_HANDOFFS_MAX + 1,
        projects_max=OVERVIEW_PROJECTS_MAX,
    )


class ActivityArgs(Args):
    """How far back."""

    hours: Annotated[Id, Field(le=168)] = 24


class HourOfType(Result):
    """How many events of one type an hour had; `hour` is its begin."""

    hour: Moment
    type: str
    count: int


class Activity(Result):
    """Counts by hour and type, oldest hour first; the last hour is the present one, as far as it has gone.

    `cut` says that only the newest ACTIVITY_EVENTS_MAX events were counted: then `counted_since` is the oldest of them,
    and what came before it in its window is not in the counts.
    """

    since: Moment
    until: Moment
    cut: bool
    counted_since: Moment | None = None
    counts: Annotated[list[HourOfType], FromJson]


async def activity(db: Executor, who: Principal, args: ActivityArgs) -> Activity:
    """Count the events of the last hours by hour and type."""
    return await sql.activity.one(
        db, Activity, project_id=who.project_id, hours=args.hours, events_max=ACTIVITY_EVENTS_MAX
    )
