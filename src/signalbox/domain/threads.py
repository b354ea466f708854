"""Threads: posts that answer posts, and what became of each one at every recipient."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, Field

from signalbox.db.statements import Executor, statements
from signalbox.domain.handoffs import Addressed
from signalbox.domain.receipts import Receipt
from signalbox.domain.transports import seen
from signalbox.errors import NotFound
from signalbox.identity import Principal
from signalbox.tool import Args, FromJson, Id, Moment, Result, Whole

sql = statements(__file__)

DELIVERIES_SHOWN_MAX: Final = 50  # of one post; the rest is counted

# What `read_posts` reads a thread with: chosen in posts.py, among its own.
CHOSEN_BY_POSTS: Final = ("posts_by_thread",)


class ThreadArgs(Args):
    """Which thread, and from where on."""

    post_id: Annotated[Id, Field(description="Any post of the thread.")]
    after: Annotated[Whole, Field(description="Only posts above this id.")] = 0
    limit: Annotated[Id, Field(le=100)] = 50


class ThreadPost(Addressed):
    """A post of a thread, text of another participant; `acked` is by the caller where `to_me`, else by anyone."""

    event_id: int
    overdue_at: Moment | None = None
    expired_at: Moment | None = None
    thread_id: int
    to_me: bool
    deliveries: Annotated[list[Receipt], FromJson]
    more_deliveries: int


class Thread(Result):
    """A page of a thread, oldest first; there is more after `cursor` when there is one."""

    thread_id: int
    posts: list[ThreadPost]
    cursor: int | None = None


class ThreadId(BaseModel):
    """The first post of a thread."""

    thread_id: int


async def thread(db: Executor, who: Principal, args: ThreadArgs) -> Thread:
    """Answer the thread of a post, with the deliveries of each; raises NotFound when there is no such post."""
    posts = await sql.thread.all(
        db,
        ThreadPost,
        project_id=who.project_id,
        participation_id=who.participation_id,
        deliveries_max=DELIVERIES_SHOWN_MAX,
        **args.model_dump(),
    )
    seen(db, who, [post.post_id for post in posts if post.unseen])
    if posts:
        cursor = posts[-1].post_id if len(posts) == args.limit else None
        return Thread(thread_id=posts[0].thread_id, posts=posts, cursor=cursor)
    found = await sql.thread_of.first(db, ThreadId, project_id=who.project_id, post_id=args.post_id)
    if found is None:
        raise NotFound(f"no post {args.post_id} in this project: read_posts shows what there is")
    return Thread(thread_id=found.thread_id, posts=[])
