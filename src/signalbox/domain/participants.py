"""Participants: who is in the project, and the tokens by which they are."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from signalbox.db.acts import act
from signalbox.db.statements import Executor, statements
from signalbox.domain import onboarding
from signalbox.domain.presence import Visibility
from signalbox.identity import Principal, Scope, ToolGroup, mint_token
from signalbox.tool import ActArgs, ActorName, Args, Effect, Label, Lane, Result, Tool

sql = statements(__file__)

Kind = Literal["agent", "human"]
SHOWN_BEFORE = "the token was shown once, at the first call: admin_rotate makes a new one"


class WhoAmI(Result):
    """The caller, as its token says."""

    actor: str
    handle: str
    label: str
    project: str
    is_admin: bool
    kind: Kind
    lane: str | None = None


async def whoami(_db: Executor, who: Principal, _args: Args) -> WhoAmI:
    """Answer who the caller is and in which project."""
    return WhoAmI(
        actor=who.actor,
        handle=who.handle,
        label=who.label,
        project=who.project,
        is_admin=who.is_lead,
        kind=who.kind,
        lane=who.lane,
    )


class Participant(Result):
    """One participant of the project."""

    name: str
    actor: str
    kind: Kind
    lane: str | None = None
    is_admin: bool
    token_active: bool
    visibility: Annotated[Visibility | None, Field(description="For leads; left out: visible.")] = None


class Participants(Result):
    """The project's participants, longest in first."""

    participants: list[Participant]


async def list_participants(db: Executor, who: Principal, _args: Args) -> Participants:
    """Answer who is in the project. Who is a ghost is shown to leads and itself."""
    return Participants(
        participants=await sql.list_participants.all(
            db,
            Participant,
            project_id=who.project_id,
            participation_id=who.participation_id,
            is_lead=who.is_lead,
        )
    )


class ProvisionArgs(ActArgs):
    """Whom to bring in."""

    participant_name: Label
    kind: Kind = "agent"
    lane: Lane | None = None
    is_admin: Annotated[bool, Field(description="Make it a lead.")] = False


class Provisioned(Result):
    """A participant with its token, shown once, and how it connects."""

    project: str | None = None
    participant: str
    actor: str
    kind: Kind | None = None
    lane: str | None = None
    is_admin: bool
    token: str | None = None
    setup: dict[str, Any] | None = None
    secret_shown_before: bool | None = None
    next: str | None = None


async def admin_provision(db: Executor, who: Principal, args: ProvisionArgs) -> Provisioned:
    """Bring a new participant into the project; raises Conflict when it is in it."""
    return await provision(db, who, args)


async def provision(
    db: Executor,
    who: Principal,
    args: ProvisionArgs,
    *,
    allow_existing: bool = False,
    scopes: frozenset[Scope] = frozenset(Scope),
    tool_groups: frozenset[ToolGroup] | None = None,
) -> Provisioned:
    """Bring a participant into the project; with `allow_existing`, one that is in it gets one more token.

    `tool_groups` are those that the token has listed; None: all.
    """
    secret, new_hash = mint_token()
    answer = await act(
        db,
        "admin_provision",
        Provisioned,
        who,
        args,
        label=args.participant_name,
        kind=args.kind,
        lane=args.lane,
        role="lead" if args.is_admin else "member",
        allow_existing=allow_existing,
        new_token_hash=new_hash,
        scopes=sorted(scope.value for scope in scopes),
        tool_groups=tool_groups and sorted(tool_groups),
    )
    return _with_secret(db, who, answer, secret)


def _with_secret(db: Executor, who: Principal, answer: Provisioned, secret: str) -> Provisioned:
    if answer.secret_shown_before:
        return answer.model_copy(update={"project": who.project, "next": SHOWN_BEFORE})
    card = onboarding.hand_out(db.base_url, secret, is_lead=answer.is_admin)
    return answer.model_copy(update={"project": who.project, "token": secret, "setup": card.setup})


class ParticipantArgs(ActArgs):
    """Which participant."""

    participant_name: Annotated[ActorName, Field(description="Name or actor.")]


async def admin_rotate(db: Executor, who: Principal, args: ParticipantArgs) -> Provisioned:
    """Give a participant a new token and end those it had."""
    secret, new_hash = mint_token()
    answer = await act(db, "admin_rotate", Provisioned, who, args, name=args.participant_name, new_token_hash=new_hash)
    return _with_secret(db, who, answer, secret)


class Revoked(Result):
    """How many tokens were ended."""

    project: str | None = None
    participant: str
    revoked: int


async def admin_revoke(db: Executor, who: Principal, args: ParticipantArgs) -> Revoked:
    """End every token of a participant."""
    answer = await act(db, "admin_revoke", Revoked, who, args, name=args.participant_name)
    return answer.model_copy(update={"project": who.project})


TOOLS = (
    Tool("whoami", whoami, Scope.READ, Effect.READS, "Your name, project and role."),
    Tool(
        "list_participants",
        list_participants,
        Scope.READ,
        Effect.READS,
        "Who is in the project: addresses for post.",
    ),
    Tool(
        "admin_provision",
        admin_provision,
        Scope.MANAGE,
        Effect.WRITES,
        "Bring a participant into the project and get its token, shown once.",
        lead_only=True,
        group=ToolGroup.ADMIN,
    ),
    Tool(
        "admin_rotate",
        admin_rotate,
        Scope.MANAGE,
        Effect.ENDS,
        "Give a participant a new token, shown once; its old ones end.",
        lead_only=True,
        group=ToolGroup.ADMIN,
    ),
    Tool(
        "admin_revoke",
        admin_revoke,
        Scope.MANAGE,
        Effect.ENDS,
        "End all tokens of a participant, from its next call on.",
        lead_only=True,
        group=ToolGroup.ADMIN,
    ),
)
