"""Documents: what a project has to show as a whole, each under an address, for clients that read and watch such.

They are short: who wants all of a post, a task or the ledger calls the tool for it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from signalbox.db.statements import Executor, statements
from signalbox.domain.board import Board, board
from signalbox.domain.events import Events, QueryArgs, query_events
from signalbox.errors import NotFound, ScopeTooNarrow
from signalbox.identity import Principal, Scope
from signalbox.tool import Moment, Result

sql = statements(__file__)

INBOX_SHOWN_MAX: Final = 50
BOARD_SHOWN_MAX: Final = 10  # of each list
LEDGER_SHOWN_MAX: Final = 50
PRINTED_POSTS_MAX: Final = 1000  # of what waits: who has more sees the newest change
SUBSCRIPTIONS_MAX: Final = 16  # of one session or stream

URI: Final = re.compile(r"signalbox://(?:(inbox|board)|(ledger)(?:\?after=([0-9]{1,15}))?)")


class Waiting(Result):
    """A post that waits for an ack, without its body: read_posts has that."""

    post_id: int
    from_: Annotated[str, Field(alias="from")]
    to_lane: str | None = None
    subject: str | None = None
    ref: str | None = None
    kind: str | None = None
    urgency: str | None = None
    due_at: Moment | None = None
    created_at: Moment


class Inbox(Result):
    """What waits for the caller, newest first; `unread` counts what is not shown, too."""

    unread: int
    posts: list[Waiting]


async def inbox(db: Executor, who: Principal, _after: int | None) -> Inbox:
    """Answer what waits for the caller."""
    posts = await sql.inbox.all(
        db, Waiting, project_id=who.project_id, participation_id=who.participation_id, limit=INBOX_SHOWN_MAX
    )
    return Inbox(unread=max(who.unread_posts, len(posts)), posts=posts)


async def short_board(db: Executor, who: Principal, _after: int | None) -> Board:
    """Answer how the project stands, with the beginning of each list."""
    found = await board(db, who)
    lists = {name: value[:BOARD_SHOWN_MAX] for name, value in found if isinstance(value, list)}
    return found.model_copy(update=lists)


async def ledger(db: Executor, who: Principal, after: int | None) -> Events:
    """Answer the newest entries, newest first, or those after one, oldest first and with a cursor."""
    return await query_events(db, who, QueryArgs(after=after, limit=LEDGER_SHOWN_MAX))


@dataclass(frozen=True)
class Document:
    """One kind of document."""

    name: str
    description: str
    read: Callable[[Executor, Principal, int | None], Awaitable[Result]]

    @property
    def uri(self) -> str:
        """Its address."""
        return f"signalbox://{self.name}"

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.name.capitalize()


DOCUMENTS: Final = (
    Document("inbox", "Posts that wait for your ack, newest first, without bodies.", inbox),
    Document("board", "Who is active, open handoffs, leases, tasks, sequences, newest events.", short_board),
    Document("ledger", "The newest events.", ledger),
)
BY_NAME: Final = {document.name: document for document in DOCUMENTS}
LEDGER_TEMPLATE: Final = "signalbox://ledger{?after}"


def known(uris: Iterable[str]) -> list[str]:
    """Answer those that are addresses of documents, each once, in their order."""
    return [uri for uri in dict.fromkeys(uris) if URI.fullmatch(uri)]


def require_read(who: Principal) -> None:
    """See that the token may read.

    Raises:
        ScopeTooNarrow: it may not.
    """
    if Scope.READ not in who.scopes:
        raise ScopeTooNarrow("this token lacks the scope 'read': ask for a wider one", scope=Scope.READ.value)


async def read(db: Executor, who: Principal, uri: str) -> Result:
    """Answer a document.

    Raises:
        NotFound: there is none at this address.
        ScopeTooNarrow: the token may not read.
    """
    require_read(who)
    document, after = _find(uri)
    return await document.read(db, who, after)


def _find(uri: str) -> tuple[Document, int | None]:
    found = URI.fullmatch(uri)
    if found is None:
        raise NotFound(f"there is no resource {uri[:80]!r}: resources/list and resources/templates/list name them")
    return BY_NAME[found[1] or found[2]], None if found[3] is None else int(found[3])


class Prints(Result):
    """What changes when a document does."""

    ledger: int
    inbox: str

    def of(self, uri: str) -> str:
        """Answer the print of one document."""
        return self.inbox if _find(uri)[0].name == "inbox" else str(self.ledger)


async def prints(db: Executor, who: Principal) -> Prints:
    """Answer the prints of the caller's documents."""
    require_read(who)
    return await sql.prints.one(
        db, Prints, project_id=who.project_id, participation_id=who.participation_id, limit=PRINTED_POSTS_MAX
    )


async def subscribe(db: Executor, who: Principal, session: bytes, uri: str, expires_at: datetime) -> None:
    """Let a session hear when a document changes, whichever process its stream is in.

    Raises:
        NotFound: there is none at this address.
        ScopeTooNarrow: the token may not read.
        TooMany: the session has as many subscriptions as it may.
    """
    require_read(who)
    _find(uri)
    values = {
        "project_id": who.project_id,
        "session": session,
        "participation_id": who.participation_id,
        "uri": uri,
        "uris_max": SUBSCRIPTIONS_MAX,
        "expires_at": expires_at,
    }
    await db.fetch(sql.subscribe, sql.subscribe.arguments(values))


async def unsubscribe(db: Executor, who: Principal, session: bytes, uri: str) -> None:
    """End a subscription; one that is not there is ended already."""
    values = {"project_id": who.project_id, "session": session, "uri": uri}
    await db.fetch(sql.unsubscribe, sql.unsubscribe.arguments(values))
