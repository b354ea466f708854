"""Lanes: rooms to post to, open to all, private, or secret; what is said in a closed one is seen by its members alone.

No statement here or elsewhere names that rule: row security holds it in every read (see `bind_to_lanes`).
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from signalbox.db.acts import act
from signalbox.db.statements import Executor, statements
from signalbox.errors import NotFound
from signalbox.identity import Principal, Scope, ToolGroup
from signalbox.tool import ActArgs, ActorName, Args, Effect, Lane, LineOrNothing, Moment, Result, Tool, named_by

sql = statements(__file__)

SECRET_NAME_MAX: Final = 57  # with ~ and six characters it has 64
NAMED_MAX: Final = 20
LANES_SHOWN_MAX: Final = 100  # on a page

Access = Literal["open", "private", "secret"]
Guests = Annotated[list[ActorName] | None, Field(min_length=1, max_length=NAMED_MAX)]


class LanesArgs(Args):
    """Which page."""

    after: Lane | None = None


class KnownLane(Result):
    """A lane. What it is for and how many are in it is said to whoever may read it."""

    lane: str
    access: Access
    description: str | None = None
    members: int | None = None
    joined: bool
    invited: bool | None = None


class Lanes(Result):
    """Lanes, by name; as many as a page has, there may be more."""

    lanes: list[KnownLane]


async def list_lanes(db: Executor, who: Principal, args: LanesArgs) -> Lanes:
    """Answer the lanes the caller may know of: all but the secret ones it is neither in nor invited to."""
    found = await sql.list_lanes.all(
        db,
        KnownLane,
        project_id=who.project_id,
        participation_id=who.participation_id,
        after=args.after or "",
        limit=LANES_SHOWN_MAX,
    )
    return Lanes(lanes=found)


class LaneArgs(ActArgs):
    """Which lane."""

    lane: Lane


class Joined(Result):
    """A lane that the caller is in, and who is there: the first 200 who joined."""

    lane: str
    members: list[str]


async def join_lane(db: Executor, who: Principal, args: LaneArgs) -> Joined:
    """Join a lane for good: its posts come to the caller, and those that nobody has acked yet.

    Raises:
        Forbidden: it is private, and the caller was not invited.
        NotFound: it is secret, and the caller was not invited; or there is none.
    """
    return await act(db, "join_lane", Joined, who, args, lane=args.lane)


class Left(Result):
    """A lane that the caller is not in; whether it was."""

    lane: str
    left: bool


async def leave_lane(db: Executor, who: Principal, args: LaneArgs) -> Left:
    """Leave a lane: its posts do not come to the caller any more, and those it has not acked leave its inbox."""
    return await act(db, "leave_lane", Left, who, args, lane=args.lane)


class ConfigureArgs(ActArgs):
    """Which lane, and what is to change."""

    model_config = named_by("anyOf", access="string", description="string", invite="array", remove="array")

    lane: Lane
    access: Access | None = None
    description: Annotated[LineOrNothing | None, Field(max_length=140)] = None
    invite: Guests = None
    remove: Guests = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.access is None and self.description is None and self.invite is None and self.remove is None:
            raise ValueError("one of access, description, invite and remove is required")
        if self.access == "secret" and "~" not in self.lane and len(self.lane) > SECRET_NAME_MAX:
            raise ValueError(f"lane: a secret one is named with at most {SECRET_NAME_MAX} characters")
        return self


class Configured(Result):
    """A lane as it is now, and whom the call let in or took out."""

    lane: str
    access: Access
    invited: list[str] | None = None
    removed: list[str] | None = None


async def configure_lane(db: Executor, who: Principal, args: ConfigureArgs) -> Configured:
    """Make a lane, open or close it, say what it is for, invite to it or take out of it.

    Raises:
        Forbidden: only who made it, or a lead who is in it, may; any member of a closed lane may invite.
        NotFound: it is secret and the caller is not in it; or there is none.
        Conflict: a secret lane stays secret; nobody need be invited to an open one.
    """
    return await act(
        db,
        "configure_lane",
        Configured,
        who,
        args,
        lane=args.lane,
        access=args.access,
        description=args.description,
        invite=args.invite,
        remove=args.remove,
    )


class OneLane(KnownLane):
    """A lane, and who made it, as far as the caller may know."""

    maker: str | None = None


async def one_lane(db: Executor, who: Principal, lane: str) -> OneLane:
    """Answer one lane; raises NotFound where there is none that the caller may know of."""
    found = await sql.one_lane.first(
        db, OneLane, project_id=who.project_id, participation_id=who.participation_id, lane=lane
    )
    if found is None:
        raise NotFound(f"no lane {lane[:80]!r} that you could know of: the list has those there are")
    return found


class LaneMember(Result):
    """Somebody who is in a lane."""

    participation_id: int
    actor: str
    joined_at: Moment


async def list_lane_members(db: Executor, who: Principal, lane: str) -> list[LaneMember]:
    """Answer who is in a lane, first those who joined first; of a closed one, to its members alone."""
    return await sql.list_lane_members.all(db, LaneMember, project_id=who.project_id, lane=lane)


TOOLS = (
    Tool(
        "list_lanes",
        list_lanes,
        Scope.READ,
        Effect.READS,
        "Lanes, and which you are in.",
        group=ToolGroup.LANES,
    ),
    Tool(
        "join_lane",
        join_lane,
        Scope.WRITE,
        Effect.REPEATS,
        "Join a lane.",
        group=ToolGroup.LANES,
    ),
    Tool(
        "leave_lane",
        leave_lane,
        Scope.WRITE,
        Effect.REPEATS,
        "Leave a lane.",
        group=ToolGroup.LANES,
    ),
    Tool(
        "configure_lane",
        configure_lane,
        Scope.WRITE,
        Effect.WRITES,
        "Make a lane private, or secret (named in the answer); invite, remove.",
        group=ToolGroup.LANES,
    ),
)
