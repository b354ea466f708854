"""Invites: codes that their holders redeem for a token of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field
from pydantic_core import from_json

from signalbox.db.acts import act
from signalbox.db.statements import Executor, statements
from signalbox.domain import onboarding
from signalbox.domain.participants import Kind
from signalbox.identity import Principal, Scope, code_hash, mint_code, mint_token
from signalbox.tool import ActArgs, Effect, Id, Label, Lane, Moment, Result, Tool

if TYPE_CHECKING:
    from signalbox.db.pool import Database

sql = statements(__file__)

LABEL: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class InviteArgs(ActArgs):
    """Whom to invite, and for how long the code holds."""

    participant_name: Annotated[Label | None, Field(description="Left out, the invited choose a new one.")] = None
    kind: Kind = "agent"
    lane: Lane | None = None
    is_admin: bool = False
    uses: Annotated[Id, Field(le=50)] = 1
    ttl_hours: Annotated[Id, Field(le=168)] = 24


class Invite(Result):
    """An invite; the code is shown once."""

    invite_id: int
    code: str | None = None
    expires_at: Moment
    redeem_url: str | None = None
    invite_prompt: str | None = None
    secret_shown_before: bool | None = None
    next: str | None = None


async def create_invite(db: Executor, who: Principal, args: InviteArgs) -> Invite:
    """Make an invite and the text to send with it."""
    code, new_hash = mint_code()
    invite = await act(
        db,
        "create_invite",
        Invite,
        who,
        args,
        code_hash=new_hash,
        label=args.participant_name,
        kind=args.kind,
        lane=args.lane,
        role="lead" if args.is_admin else "member",
        uses=args.uses,
        ttl_hours=args.ttl_hours,
    )
    if invite.secret_shown_before:
        return invite.model_copy(update={"next": "the code was shown once, at the first call: make another invite"})
    until = f"{invite.expires_at:%Y-%m-%d %H:%M} UTC"
    prompt = onboarding.invite_prompt(db.base_url, who.project, code, args.participant_name, until)
    return invite.model_copy(update={"code": code, "redeem_url": f"{db.base_url}/join", "invite_prompt": prompt})


@dataclass(frozen=True)
class Joined:
    """What redeeming came to: an HTTP status, and the JSON answer that `/join` promises."""

    status: int
    answer: dict[str, Any]


STATUSES: Final = {
    "name_required": 400,
    "name_invalid": 400,
    "invalid": 404,
    "name_taken": 409,
    "expired": 410,
    "exhausted": 410,
}


async def redeem(database: Database, code: str, name: str | None) -> Joined:
    """Redeem a code. A code that is refused keeps its use."""
    known_hash = code_hash(code)
    if name is not None and LABEL.fullmatch(name) is None:
        return _refused("name_invalid")
    if known_hash is None:
        return _refused("invalid")
    secret, new_hash = mint_token()
    (row,) = await database.run(sql.redeem, [known_hash, name, new_hash])
    outcome = from_json(row["answer"])
    if "error" in outcome:
        return _refused(outcome["error"])
    url = onboarding.mcp_url(database.base_url)
    commands = onboarding.connect_commands(url, secret)
    return Joined(
        200,
        {
            "ok": True,
            "project": outcome["project"],
            "project_name": outcome["project"],
            "participant": outcome["participant"],
            "actor": outcome["actor"],
            "created": outcome["created"],
            "token": secret,
            "mcp_url": url,
            "connect_command": commands["claude"],
            "connect_commands": commands,
            "files": onboarding.files(url, secret),
            "guide": onboarding.guide(is_lead=outcome["is_admin"]),
            "next": "Run connect_command, restart your session, call whoami, put guide into CLAUDE.md or AGENTS.md.",
        },
    )


def _refused(error: str) -> Joined:
    return Joined(STATUSES[error], {"ok": False, "error": error})


TOOLS = (
    Tool(
        "create_invite",
        create_invite,
        Scope.MANAGE,
        Effect.WRITES,
        "Make an invite: a code and a text to send; its holder redeems it for a token of its own.",
        lead_only=True,
    ),
)
