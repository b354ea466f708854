"""Posts: inbox and lanes, a thread with what became of each post, and writing, replying and acking."""

from __future__ import annotations

from typing import Final, get_args

from starlette.responses import Response

from signalbox.domain.handoffs import Kind
from signalbox.domain.posts import AckArgs, PostArgs, ReadArgs, ack, post, read_posts
from signalbox.domain.threads import Thread, ThreadArgs, thread
from signalbox.domain.transports import TRANSPORTS
from signalbox.edge.admin.addresses import addresses
from signalbox.edge.admin.filters import Filters
from signalbox.edge.admin.forms import named_in
from signalbox.edge.admin.page import PROJECT_PATH, Page, PageRoute, Send, Show

POSTS_SHOWN: Final = 30
THREAD_SHOWN: Final = 10
WORDS: Final = {name: transport.words for name, transport in TRANSPORTS.items()}
KINDS: Final = (("", "Any"), *((kind, kind.capitalize()) for kind in get_args(Kind)))
DEADLINES: Final = (
    ("", "Whenever it suits"),
    ("600", "Within 10 minutes"),
    ("3600", "Within an hour"),
    ("86400", "Within a day"),
    ("604800", "Within a week"),
)


async def show(page: Page) -> Response:
    """Show the posts that were asked for, and a form for a new one."""
    filters = Filters(page, ReadArgs, limit=POSTS_SHOWN, post_id=None, thread=None)
    found = await filters.answer(read_posts, page)
    posts = found.posts if found else []
    return page.show(
        "posts.html",
        status=filters.status,
        filters=filters,
        posts=posts,
        before=posts[-1].post_id if len(posts) == POSTS_SHOWN else None,
        kinds=KINDS,
        deadlines=DEADLINES,
        addresses=await addresses(page),
    )


async def write(page: Page) -> Response:
    """Post."""
    with named_in("to_actor"):
        posted = await post(page.db, page.who, page.arguments(PostArgs, reply_to=None))
    return page.go(f"{page.project_path}/posts/{posted.post_id}", notice="posted")


async def show_thread(page: Page) -> Response:
    """Show the thread of a post, from its begin or from the place that was asked for."""
    post_id = page.number("post_id")
    filters = Filters(page, ThreadArgs, limit=THREAD_SHOWN, post_id=post_id)
    found = await filters.answer(thread, page) or Thread(thread_id=post_id, posts=[])
    if filters.is_first and found.cursor is not None and all(one.post_id != post_id for one in found.posts):
        found = await thread(page.db, page.who, ThreadArgs(post_id=post_id, after=post_id - 1, limit=THREAD_SHOWN))
    return page.show("thread.html", status=filters.status, post_id=post_id, thread=found, transports=WORDS)


async def reply(page: Page) -> Response:
    """Answer a post."""
    posted = await post(page.db, page.who, page.arguments(PostArgs, reply_to=page.number("post_id")))
    return page.go(f"{page.project_path}/posts/{posted.post_id}", notice="posted")


async def answer(page: Page) -> Response:
    """Ack a post."""
    post_id = page.number("post_id")
    await ack(page.db, page.who, page.arguments(AckArgs, post_id=post_id, post_ids=None, through_id=None))
    return page.go(f"{page.project_path}/posts/{post_id}", notice="acked")


PAGES: tuple[PageRoute, ...] = (
    Show(f"{PROJECT_PATH}/posts", show),
    Send(f"{PROJECT_PATH}/posts", write, again=show),
    Show(f"{PROJECT_PATH}/posts/{{post_id}}", show_thread),
    Send(f"{PROJECT_PATH}/posts/{{post_id}}/reply", reply, again=show_thread),
    Send(f"{PROJECT_PATH}/posts/{{post_id}}/ack", answer, again=show_thread),
)
