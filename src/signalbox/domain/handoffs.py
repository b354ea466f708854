"""Handoffs: what is posted, to whom, and by when it wants an ack."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from signalbox.db.acts import act
from signalbox.db.statements import Executor
from signalbox.domain.transports import Urgency
from signalbox.identity import Principal
from signalbox.tool import ActArgs, ActorName, Id, Lane, Line, Moment, Result, Text, named_by

RECIPIENTS_MAX: Final = 20  # named in one post: lanes, and actors

Ref = Annotated[Line, Field(max_length=120)]
Tag = Annotated[Line, Field(max_length=64)]


Kind = Literal["handoff", "question", "answer", "note"]
Seconds = Annotated[int, Field(ge=1, le=2_592_000)]  # 30 days


class PostArgs(ActArgs):
    """What to hand to whom."""

    model_config = named_by(
        "anyOf",
        to_lane="string",
        to_actor="string",
        to_lanes="array",
        to_actors="array",
        to_all=True,
        reply_to="integer",
    )

    to_lane: Lane | None = None
    to_actor: ActorName | None = None
    to_lanes: Annotated[list[Lane] | None, Field(min_length=1, max_length=RECIPIENTS_MAX)] = None
    to_actors: Annotated[list[ActorName] | None, Field(min_length=1, max_length=RECIPIENTS_MAX)] = None
    to_all: bool = False
    subject: Annotated[Line | None, Field(max_length=200)] = None
    body: Annotated[Text, Field(max_length=8000)]
    ref: Annotated[Ref | None, Field(description="What it is about: PR, ADR, commit.")] = None
    tag: Tag | None = None
    reply_to: Annotated[Id | None, Field(description="The post this answers; by default to its author.")] = None
    kind: Kind | None = None
    urgency: Urgency | None = None
    ack_within_seconds: Seconds | None = None
    expires_in_seconds: Seconds | None = None
    reroute: Annotated[Lane | None, Field(description="Lane or 'lead' to go to when overdue.")] = None

    @model_validator(mode="after")
    def _is_addressed(self) -> Self:
        if not (self.lanes or self.actors or self.to_all or self.reply_to is not None):
            raise ValueError("to_lane or to_actor is required")
        return self

    @property
    def lanes(self) -> list[str]:
        """The lanes it goes to, each once."""
        return list(dict.fromkeys(name for name in (self.to_lane, *(self.to_lanes or ())) if name is not None))

    @property
    def actors(self) -> list[str]:
        """The actors it goes to, as they were named."""
        return list(dict.fromkeys(name for name in (self.to_actor, *(self.to_actors or ())) if name is not None))

    def further(self) -> dict[str, Any]:
        """Answer what most posts do not have, as post_v3 takes it."""
        fields = ("kind", "urgency", "ack_within_seconds", "expires_in_seconds", "reroute")
        given = {name: value for name in fields if (value := getattr(self, name)) is not None}
        if self.to_all or len(self.lanes) > 1 or len(self.actors) > 1:
            given |= {"to_lanes": self.lanes, "to_actors": self.actors}
        return given | ({"to_all": True} if self.to_all else {})


class Posted(Result):
    """Where the post stands in the project and in its ledger; of a reply, its thread and the address it was given."""

    post_id: int
    event_id: int
    created_at: Moment
    thread_id: int | None = None
    to_lane: str | None = None
    to_actor: str | None = None
    to_lanes: list[str] | None = None
    to_actors: list[str] | None = None
    to_all: bool | None = None
    answers: int | None = None


async def post(db: Executor, who: Principal, args: PostArgs) -> Posted:
    """Hand something over: everyone in the lanes, and the actors named, has it as unread until they ack.

    A reply that names nobody goes to the author of the post it answers; to whom that one went, if that is the caller.
    A recipient's reply to a question acks it.
    """
    further = args.further()
    return await act(
        db,
        "post",
        Posted,
        who,
        args,
        to_lane=next(iter(args.lanes), None),
        to_actor=next(iter(args.actors), None),
        subject=args.subject,
        body=args.body,
        ref=args.ref,
        tag=args.tag,
        reply_to=args.reply_to,
        **({"further": further} if further else {}),
    )


class Addressed(Result):
    """A post as it is read: who it is from, whom it went to, what it says; what it has not is left out."""

    post_id: int
    from_: Annotated[str, Field(alias="from")]
    to_lane: str | None = None
    to_lanes: Annotated[list[str] | None, Field(description="All of them, where there are several.")] = None
    to_actor: str | None = None
    to_actors: list[str] | None = None
    to_all: bool | None = None
    subject: str | None = None
    body: str
    ref: str | None = None
    tag: str | None = None
    kind: Kind | None = None
    urgency: Urgency | None = None
    created_at: Moment
    due_at: Moment | None = None
    expires_at: Moment | None = None
    acked: bool
    reply_to: int | None = None
    unseen: Annotated[bool | None, Field(exclude=True)] = None
    """Whether the caller is a recipient that was not given it before; for the receipts, and not answered."""
