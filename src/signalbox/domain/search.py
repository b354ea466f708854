"""Search: posts, tasks and events of the project by the words in them."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from signalbox.db.statements import Executor, statements
from signalbox.domain.posts import Ref, Tag
from signalbox.identity import Principal, Scope
from signalbox.tool import ActorName, Args, Effect, FromJson, Id, Lane, Moment, Result, Text, Tool, When

sql = statements(__file__)

RANKED_MAX: Final = 200
"""So many of the newest hits are ranked together; older ones come after them, on later pages."""
TAIL_EVENTS_MAX: Final = 1000
"""So many events that are not indexed yet are looked through."""
LOOKS_MAX: Final = 4000
"""So many entries that could fit a phrase are looked at in one search; the next page goes on from there."""
LOOKING_SECONDS: Final = 0.02
"""So long one search looks for older hits, up to the end of a block of events; the next page goes on from there."""
FOUND_BEGINS, FOUND_ENDS = MARKS = "\x02", "\x03"
"""What stands around what was found, in a text for pages; no text has them."""

Cursor = Annotated[str, Field(pattern=r"^[0-9]{1,15}\.[0-9]{1,3}(\.[0-9]{1,15})?$")]


class SearchArgs(Args):
    """What to look for, and among what."""

    query: Annotated[Text, Field(max_length=1000)]
    kind: Literal["post", "task", "event"] | None = None
    actor: ActorName | None = None
    lane: Lane | None = None
    tag: Tag | None = None
    ref: Ref | None = None
    thread: Id | None = None
    since: When | None = None
    until: When | None = None
    limit: Annotated[Id, Field(le=50)] = 10
    cursor: Cursor | None = None


class Hit(Result):
    """An event in which something was found: a post, a task that was made, or something else that happened."""

    event_id: int
    post_id: int | None = None
    task_id: int | None = None
    type: str
    actor: str
    ts: Moment
    title: str | None = None
    text: str | None = None


class Hits(Result):
    """A page, the best first. With a cursor there may be more, also where nothing was found so far.

    `unsearched` events wait to be indexed.
    """

    hits: list[Hit]
    cursor: str | None = None
    unsearched: int | None = None


class Found(Result):
    """What the database found, and where it goes on."""

    hits: Annotated[list[Hit], FromJson]
    next_upto: int | None
    next_skip: int | None
    next_above: int | None
    unsearched: int


async def find(db: Executor, who: Principal, args: SearchArgs) -> Hits:
    """Search, for pages: what was found stands between FOUND_BEGINS and FOUND_ENDS.

    Raises:
        NotFound: nobody is called like the actor.
        Conflict: several are.
    """
    upto, _, rest = (args.cursor or "").partition(".")
    skip, _, above = rest.partition(".")
    found = await sql.search.one(
        db,
        Found,
        project_id=who.project_id,
        upto=int(upto) if upto else None,
        skip=int(skip or 0),
        above=int(above) if above else None,
        ranked_max=RANKED_MAX,
        tail_max=TAIL_EVENTS_MAX,
        looks_max=LOOKS_MAX,
        seconds_max=LOOKING_SECONDS,
        **args.model_dump(exclude={"cursor"}),
    )
    place = (found.next_upto, found.next_skip, found.next_above)
    return Hits(
        hits=found.hits,
        cursor=".".join(str(number) for number in place if number is not None) or None,
        unsearched=found.unsearched or None,
    )


async def search(db: Executor, who: Principal, args: SearchArgs) -> Hits:
    """Search: what was found is marked, as **found**."""
    page = await find(db, who, args)
    return page.model_copy(update={"hits": [_marked(hit) for hit in page.hits]})


def _marked(hit: Hit) -> Hit:
    if hit.text is None:
        return hit
    line = " ".join(hit.text.split())
    return hit.model_copy(update={"text": line.replace(FOUND_BEGINS, "**").replace(FOUND_ENDS, "**")})


TOOLS = (
    Tool(
        "search",
        search,
        Scope.READ,
        Effect.READS,
        'Find words, "a phrase", or, -without in posts, tasks, events. No hits but a cursor: go on.',
    ),
)
