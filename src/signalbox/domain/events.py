"""The ledger: what happened in the project, numbered without a gap, in the order in which it was committed."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from signalbox.db.statements import Executor, Statement, statements
from signalbox.domain.presence import SessionName
from signalbox.errors import NotFound
from signalbox.identity import Principal, Scope
from signalbox.tool import (
    INTEGER_MAX,
    ActorName,
    Args,
    Effect,
    FromJson,
    Id,
    Line,
    Moment,
    Result,
    Tool,
    When,
    Whole,
)

sql = statements(__file__)


class Event(Result):
    """One entry of the ledger; `id` is its seq."""

    id: int
    ts: Moment
    actor: str
    type: str
    payload: Annotated[dict[str, Any], FromJson]


# What an event of another type never carries: who asks for both asks for nothing. A test holds the functions to it.
CARRIERS: Final = {
    "ref": frozenset({"post", "settle", "task_create"}),
    "tag": frozenset({"post"}),
    "sequence": frozenset({"claim", "seed", "settle"}),
}

# The filters a statement begins with, the narrowest first; each has an index (see events.sql).
STATEMENTS: Final = (
    ({"ref"}, "newest_by_ref", "after_by_ref"),
    ({"sequence", "actor"}, "newest_by_sequence_and_actor", "after_by_sequence_and_actor"),
    ({"sequence"}, "newest_by_sequence", "after_by_sequence"),
    ({"tag", "actor"}, "newest_by_tag_and_actor", "after_by_tag_and_actor"),
    ({"tag"}, "newest_by_tag", "after_by_tag"),
    ({"actor", "type"}, "newest_by_actor_and_type", "after_by_actor_and_type"),
    ({"actor"}, "newest_by_actor", "after_by_actor"),
    ({"type"}, "newest_by_type", "after_by_type"),
    (set[str](), "newest_any", "after_any"),
)


class QueryArgs(Args):
    """Exact filters; all given ones must hold."""

    actor: ActorName | None = None
    type: Annotated[Line | None, Field(max_length=64)] = None
    sequence: Annotated[Line | None, Field(max_length=64)] = None
    ref: Annotated[Line | None, Field(max_length=120)] = None
    tag: Annotated[Line | None, Field(max_length=64)] = None
    since: When | None = None
    until: When | None = None
    after: Annotated[Whole | None, Field(description="Oldest first, from this id on.")] = None
    before: Annotated[Id | None, Field(description="Ids below this.")] = None
    last_n: Annotated[Id | None, Field(le=1000, description="The same as limit.")] = None
    limit: Annotated[Id, Field(le=1000)] = 100


class Events(Result):
    """Entries of the ledger: newest first, or after a cursor oldest first with the next cursor."""

    events: list[Event]
    cursor: int | None = None


async def query_events(db: Executor, who: Principal, args: QueryArgs) -> Events:
    """Look things up in the ledger. Following it with `after` misses and repeats nothing."""
    values = args.model_dump() | {
        "project_id": who.project_id,
        "before": args.before or INTEGER_MAX,
        "limit": args.last_n or args.limit,
    }
    statement = _statement_for(args)
    found = (
        []
        if statement is None
        else await statement.all(db, Event, **{name: values[name] for name in statement.parameters})
    )
    if args.after is None:
        return Events(events=found)
    return Events(events=found, cursor=found[-1].id if found else args.after)


def _statement_for(args: QueryArgs) -> Statement | None:
    """Choose the statement that begins with what is asked for; None when no event can be like that."""
    given = {name for name in ("actor", "type", "sequence", "ref", "tag") if getattr(args, name) is not None}
    possible = [CARRIERS[name] for name in given & CARRIERS.keys()]
    if args.type is not None:
        possible.append(frozenset({args.type}))
    if possible and not frozenset.intersection(*possible):
        return None
    if args.type == "seed":  # few, unlike the claims of the sequence
        given = {"type"}
    newest, after = next((newest, after) for lead, newest, after in STATEMENTS if lead <= given)
    return sql.by_name[newest if args.after is None else after]


async def see_actor(db: Executor, who: Principal, actor: str) -> None:
    """See that a name means somebody who is or was in the project; raises NotFound or Conflict when it does not."""
    await db.fetch(sql.known_actor, sql.known_actor.arguments({"project_id": who.project_id, "actor": actor}))


class OneEventArgs(Args):
    """Which event; `id` is its seq."""

    id: Id


async def one_event(db: Executor, who: Principal, args: OneEventArgs) -> Event:
    """Answer one entry of the ledger; raises NotFound when it is not there."""
    event = await sql.one_event.first(db, Event, project_id=who.project_id, id=args.id)
    if event is None:
        raise NotFound(f"no event {args.id} in this project: query_events shows what there is")
    return event


class WhatsNewArgs(Args):
    """How to read on."""

    advance_cursor: bool = True
    limit: Annotated[Id, Field(le=500)] = 100
    redeliver: Annotated[bool, Field(description="Repeat the last page.")] = False
    after: Annotated[Whole | None, Field(description="Read from this id; moves no cursor.")] = None
    session: Annotated[SessionName | None, Field(description="Its own cursor.")] = None


class WhatsNew(Result):
    """The session digest. There is more while `cursor` is below `head`."""

    since_event_id: int
    events: Annotated[list[Event], FromJson]
    cursor: int
    head: int
    unacked_posts: int
    unanswered: Annotated[list[int] | None, Field(description="Your posts that are overdue, or expired unacked.")] = (
        None
    )
    active_leases: int
    latest_claims: Annotated[dict[str, str], FromJson]


async def whats_new(db: Executor, who: Principal, args: WhatsNewArgs) -> WhatsNew:
    """Answer what happened since the caller last asked, and how things stand."""
    return await sql.whats_new.one(
        db,
        WhatsNew,
        project_id=who.project_id,
        participation_id=who.participation_id,
        session=args.session or "",
        after=args.after,
        redeliver=args.redeliver,
        advance=args.advance_cursor,
        limit=args.limit,
    )


TOOLS = (
    Tool(
        "query_events",
        query_events,
        Scope.READ,
        Effect.READS,
        "Search the ledger by exact filters, newest first; after=<id> reads on, oldest first.",
    ),
    Tool(
        "whats_new",
        whats_new,
        Scope.READ,
        Effect.READS,
        "Start here: events since you last asked (there are more while cursor < head), unacked posts, leases, claims.",
        reports_inbox=True,
    ),
)
