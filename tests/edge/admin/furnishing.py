"""A project with something of everything in it, said in given words, and the ids that its pages are reached by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from signalbox.db.pool import Database
from signalbox.domain import invites, participants, sign_in, tokens
from signalbox.domain.invites import InviteArgs
from signalbox.domain.lanes import ConfigureArgs, configure_lane
from signalbox.domain.owners import OwnerRow, in_project
from signalbox.identity import Principal
from support import Agent, Project


@dataclass
class Furnished:
    """The project, who is in it, and what the parameters of paths may be."""

    who: Principal
    lead: Agent
    agent: Agent
    ids: dict[str, Any]


async def furnish(database: Database, owner: OwnerRow, name: str, words: str = "plain words") -> Furnished:
    """Fill a project; every text that anybody may choose is `words`, as far as it fits."""
    who = await in_project(database, owner, name)
    project = Project(database, who)
    lead, agent = await project.join("lead", lead=True), await project.join("claude-1")
    line = words.replace("\n", " ")
    lane = line[:64]
    await agent.call("register", lane=lane, status=line[:140])
    await lead.call("register", lane="review", status=line[:140])
    ids = await _handoffs(lead, agent, owner.handle, words)
    leased = await agent.call("lease", surface=f"src/{line[:120]}", note=line[:200])
    task = await agent.call("task_create", title=line[:200], detail=words, lane=lane, owner=agent.actor)
    await agent.call("task_start", task_id=task["task_id"])
    await agent.call("task_block", task_id=task["task_id"], reason=line[:400])
    await lead.call("task_note", task_id=task["task_id"], note=words)
    await lead.call("task_create", title=line[:200], depends_on=[task["task_id"]], priority="high", ref=line[:120])
    await lead.call("lease", surface="src/**", mode="shared", queue=True)
    await agent.call("claim", sequence="adr", note=line[:400])
    await agent.call("settle_claim", sequence="adr", number=1, outcome="void", ref=line[:120])
    await configure_lane(
        database, who, ConfigureArgs(lane="attic", access="private", description=line[:140], invite=["claude-1"])
    )
    ids |= {"lease_id": leased["lease_id"], "task_id": task["task_id"], "sequence": "adr", "seq": 1}
    return Furnished(who, lead, agent, ids | await _control_ids(database, owner, who, agent))


async def _handoffs(lead: Agent, agent: Agent, handle: str, words: str) -> dict[str, Any]:
    line = words.replace("\n", " ")
    about = {"subject": line[:200], "ref": line[:120], "tag": line[:64]}
    first = await agent.call("post", to_actor=handle, body=words, **about)
    await lead.call("post", to_lane=line[:64], body=words, **about)
    await lead.call("post", reply_to=first["post_id"], body=words)
    other = await agent.call("post", to_actor=lead.actor, body=words, **about)
    await lead.call("ack", post_id=other["post_id"], outcome="declined", note=line[:200])
    return {"post_id": first["post_id"]}


async def _control_ids(database: Database, owner: OwnerRow, who: Principal, agent: Agent) -> dict[str, Any]:
    lead_of = Project(database, who)
    gone = await lead_of.join("gone")
    await participants.admin_revoke(database, who, participants.ParticipantArgs(participant_name="gone"))
    assert gone.token
    invite = await invites.create_invite(database, who, InviteArgs(participant_name="guest"))
    session = await sign_in.open_session(database, owner.owner_id, "link", "another browser", 3600)
    assert session is not None
    sessions = await sign_in.list_sessions(database, owner.owner_id, 3600)
    listed = await tokens.list_tokens(database, who.project, None)
    return {
        "project": who.project,
        "handle": owner.handle,
        "owner_id": owner.owner_id,
        "provider": "google",
        "participation_id": (await agent.principal()).participation_id,
        "token_id": next(token.token_id for token in listed if token.actor == agent.actor),
        "invite_id": invite.invite_id,
        "code": invite.code,
        "session_id": sessions[0].session_id,
    }
