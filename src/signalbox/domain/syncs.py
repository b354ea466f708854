"""Sync: send, acknowledge, receive and wait in one call; and the cursors by which a lost answer comes again."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final, Self

from pydantic import ConfigDict, Field, model_validator

from signalbox.db.rooms import Move, Waiter
from signalbox.db.statements import Executor, statements
from signalbox.db.waiters import CanWait, until_found
from signalbox.domain.conditions import PostCondition
from signalbox.domain.handoffs import PostArgs, Posted, post
from signalbox.domain.posts import AckArgs, Acked, Post, ack
from signalbox.domain.presence import SessionName
from signalbox.domain.transports import seen
from signalbox.domain.waits import WAIT_SECONDS_MAX
from signalbox.errors import OwnerSuspended, Refusal, SessionEnded, Unauthenticated
from signalbox.identity import Principal, Scope
from signalbox.tool import Args, Effect, Id, Lane, Result, Tool, Whole

sql = statements(__file__)

POSTS_MAX: Final = 20  # sent in one call
MINE: Final = PostCondition(on="post")


class PlaceArgs(Args):
    """What is read: the inbox, else a lane or a thread; and by which of the caller's sessions."""

    model_config = ConfigDict(
        json_schema_extra={
            "not": {
                "required": ["lane", "thread"],
                "properties": {"lane": {"type": "string"}, "thread": {"type": "integer"}},
            }
        }
    )

    lane: Lane | None = None
    thread: Id | None = None
    session: SessionName | None = None

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        if self.lane is not None and self.thread is not None:
            raise ValueError("lane and thread are two places: read one of them")
        return self


class SyncArgs(PlaceArgs):
    """What to send and to acknowledge, and what to receive."""

    posts: Annotated[list[PostArgs], Field(max_length=POSTS_MAX, description="Each as post takes it.")] = Field(
        default_factory=list
    )
    ack_through: Annotated[Id | None, Field(description="All of yours up to this id.")] = None
    after: Annotated[Whole | None, Field(description="The cursor of the last answer you got.")] = None
    wait_seconds: Annotated[Whole, Field(le=WAIT_SECONDS_MAX)] = 0
    limit: Annotated[Id, Field(le=100)] = 20


class Refused(Result):
    """An item that was refused; the others were done."""

    error: dict[str, Any]


class Synced(Result):
    """What came of each post and of the ack, and what is new.

    `cursor` is what to say as `after` next, once these posts were taken in; there are more behind it when it says so.
    """

    posted: list[Posted | Refused] | None = None
    acked: Acked | Refused | None = None
    posts: list[Post]
    cursor: int
    more: bool | None = None


class Page(Result):
    """What `sync_v1` finds."""

    upto: int
    post_ids: list[int]
    more: bool


async def sync(db: CanWait, who: Principal, args: SyncArgs) -> Synced:
    """Send, acknowledge, receive; and where nothing is new and nothing was refused, wait for it.

    What is received is what waits for the caller's ack, or of a lane or a thread what others say there, oldest first.
    It comes after `after`, which the caller's session then is known to have; without it, after the last one that it
    said. So what was received counts as taken in only when the next call says so, or acks it: an answer that was lost
    comes again. The posts are sent in their order; a repeated call sends those that have an idempotency_key once.

    Raises:
        NotFound: the thread is not there.
        TooMany: it would wait, and the caller, or the server, has as many waits as there may be.
    """
    await db.release()  # so that they queue in their order
    acks = [ack(db, who, AckArgs(through_id=args.ack_through))] if args.ack_through is not None else []
    outcomes = await asyncio.gather(*(post(db, who, one) for one in args.posts), *acks, return_exceptions=True)
    answers = [_answer_of(outcome) for outcome in outcomes]
    receiving = _Receiving(db, who, args)
    if not args.wait_seconds or any(isinstance(answer, Refused) for answer in answers):
        await receiving.look()
    else:
        with db.watching(who, receiving.may_be_new) as waiter:
            await until_found(db, waiter, args.wait_seconds, lambda: receiving.look(waiter))
    return Synced.model_validate(
        {
            "posted": answers[: len(args.posts)] if args.posts else None,
            "acked": answers[-1] if acks else None,
            "posts": receiving.posts,
            "cursor": receiving.page.upto,
            "more": receiving.page.more or None,
        }
    )


def _answer_of(outcome: Result | BaseException) -> Result:
    if not isinstance(outcome, BaseException):
        return outcome
    if isinstance(outcome, Refusal) and not isinstance(outcome, Unauthenticated | OwnerSuspended | SessionEnded):
        return Refused(error=outcome.as_json())
    raise outcome


class _Receiving:
    """What one call receives, when it has come."""

    def __init__(self, db: Executor, who: Principal, args: SyncArgs) -> None:
        self._db = db
        self._who = who
        self._args = args
        self.page = Page(upto=0, post_ids=[], more=False)
        self.posts: list[Post] = []

    def may_be_new(self, move: Move) -> bool:
        """Say whether a move may have brought something."""
        is_inbox = self._args.lane is None and self._args.thread is None
        return MINE.may_come_of(move, self._who.participation_id) if is_inbox else move.type == "post"

    async def look(self, waiter: Waiter | None = None) -> float | None:
        """Look once; see `until_found`."""
        key = {"project_id": self._who.project_id, "participation_id": self._who.participation_id}
        page = await sql.sync.one(
            self._db,
            Page,
            **key,
            session=self._args.session or "",
            lane=self._args.lane,
            thread=self._args.thread,
            after=self._args.after,
            limit=self._args.limit,
        )
        self.page = page
        if waiter is not None:
            waiter.knows(page.upto)
        if not page.post_ids:
            return float(WAIT_SECONDS_MAX)
        self.posts = await sql.posts_of.all(self._db, Post, **key, post_ids=page.post_ids)
        seen(self._db, self._who, [post.post_id for post in self.posts if post.unseen])
        return None


class ResetArgs(PlaceArgs):
    """Where to go on from: 0 is from the beginning."""

    to: Whole


class Cursor(Result):
    """Where the session's cursor is now."""

    cursor: int


async def reset_cursor(db: Executor, who: Principal, args: ResetArgs) -> Cursor:
    """Have `sync` go on after a seq of the ledger, so that what came since comes again.

    Raises:
        NotFound: the thread is not there.
    """
    return await sql.reset_cursor.one(
        db,
        Cursor,
        project_id=who.project_id,
        participation_id=who.participation_id,
        session=args.session or "",
        lane=args.lane,
        thread=args.thread,
        seq=args.to,
    )


TOOLS = (
    Tool(
        "sync",
        sync,
        Scope.WRITE,
        Effect.WRITES,
        "Send, ack, receive (your inbox, a lane or a thread) and wait, in one call. "
        "What you got comes again until you ack it or say its cursor as after.",
        reports_inbox=True,
        waits="wait_seconds",
    ),
    Tool(
        "reset_cursor",
        reset_cursor,
        Scope.READ,
        Effect.REPEATS,
        "Have sync replay what came after this cursor; 0 is all.",
        reports_inbox=True,  # the sync that follows does
    ),
)
