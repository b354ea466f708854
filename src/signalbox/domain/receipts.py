"""Receipts: what became of a post at each recipient, as far as it was observed."""

from __future__ import annotations

import time
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field

from signalbox.db.statements import Executor, statements
from signalbox.domain.beats import every
from signalbox.errors import NotFound
from signalbox.identity import Principal
from signalbox.tool import Args, FromJson, Id, Moment, Result

if TYPE_CHECKING:
    from signalbox.db.pool import Database

sql = statements(__file__)

RECEIPTS_SHOWN_MAX: Final = 50  # of one post; the rest is counted
FLUSH_SECONDS: Final = 1.0
MARKS_TOGETHER_MAX: Final = 500  # rows that one statement holds for some milliseconds

DeliveryState = Literal["queued", "offered", "seen", "acked", "declined", "expired"]


class Receipt(Result):
    """What became of a post at one recipient: only what was observed, and when."""

    actor: str
    state: DeliveryState
    offered_via: str | None = None
    offered_at: Moment | None = None
    seen_at: Moment | None = None
    outcome: Literal["done", "accepted", "declined"] | None = None
    note: str | None = None
    acked_at: Moment | None = None
    late: Annotated[bool | None, Field(description="Acked after the deadline.")] = None
    answer_id: Annotated[int | None, Field(description="The reply that acked it.")] = None


class StatusArgs(Args):
    """Which post."""

    post_id: Id


class PostStatus(Result):
    """A post's receipts: who has not acked stands first. `counts` are all of them by state; `more` were left out."""

    post_id: int
    acked_at: Moment | None = None
    due_at: Moment | None = None
    overdue: bool | None = None
    expires_at: Moment | None = None
    counts: Annotated[dict[DeliveryState, int], FromJson]
    receipts: Annotated[list[Receipt], FromJson]
    more: int | None = None


async def post_status(db: Executor, who: Principal, args: StatusArgs) -> PostStatus:
    """Answer what became of a post at each recipient; raises NotFound when there is no such post."""
    status = await sql.post_status.first(
        db, PostStatus, project_id=who.project_id, post_id=args.post_id, shown_max=RECEIPTS_SHOWN_MAX
    )
    if status is None:
        raise NotFound(f"no post {args.post_id} in this project: read_posts shows what there is")
    return status


async def write_marks(database: Database) -> None:
    """Write what was marked since the last time, some hundred deliveries in one statement."""
    while taken := database.marks.take(MARKS_TOGETHER_MAX):
        now = time.monotonic()
        projects, participations, posts = zip(*[place for place, _ in taken], strict=True)
        arguments = sql.mark_deliveries.arguments(
            {
                "project_ids": projects,
                "participation_ids": participations,
                "post_ids": posts,
                "transports": [mark.transport for _, mark in taken],
                "offered_ages": [None if mark.offered_at is None else now - mark.offered_at for _, mark in taken],
                "seen_ages": [None if mark.seen_at is None else now - mark.seen_at for _, mark in taken],
            }
        )
        await database.run(sql.mark_deliveries, arguments)


def marking(database: Database) -> AbstractAsyncContextManager[None]:
    """Write marks every second meanwhile, and what is left at the end."""
    failed = "what was observed of posts in a second is lost"
    return every(FLUSH_SECONDS, lambda: write_marks(database), failed, at_the_end=True)
