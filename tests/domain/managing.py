"""What leads manage on pages: the acts that are no tools, one way of doing each, and reading as a page does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from signalbox.db.callers import Callers
from signalbox.domain import invites, leases, members, tokens
from signalbox.domain.invites import RevokeInviteArgs
from signalbox.domain.leases import ForceArgs
from signalbox.domain.members import ChangeArgs, GrantArgs, RemoveArgs
from signalbox.domain.tokens import MintArgs, RotateArgs, TokenArgs
from signalbox.identity import Principal, token_hash
from signalbox.tool import ActArgs
from support import Agent, Project

Verb = Callable[..., Any]


async def read(agent: Agent, verb: Verb, *arguments: Any, who: Principal | None = None, **named: Any) -> Any:
    """Read on a connection that is set to the agent's project, as a page's is."""
    async with Callers(agent.database).session(token_hash(agent.token)) as session:
        return await verb(session, who or await session.who(), *arguments, **named)


@dataclass(frozen=True)
class Scene:
    """A project with something of each kind to manage."""

    project: Project
    lead: Agent
    worker: Agent
    token_id: int
    invite_id: int
    lease_id: int


async def managed_scene(project: Project) -> Scene:
    """A lead, a worker with a token and a lease, and an invite."""
    lead, worker = await project.join("lead", lead=True), await project.join("worker", lane="backend")
    lease = await worker.call("lease", surface="src/**")
    invite = await lead.call("create_invite")
    newest = (await read(lead, tokens.list_project_tokens))[0]
    return Scene(project, lead, worker, newest.token_id, invite["invite_id"], lease["lease_id"])


@dataclass(frozen=True)
class Way:
    """An act with arguments that work in the scene, and others that would be another act."""

    verb: Verb
    args: Callable[[Scene], ActArgs]
    others: Callable[[Scene], ActArgs]
    has_secret: bool = False
    events: int = 1

    def with_key(self, scene: Scene, *, others: bool = False) -> ActArgs:
        """Answer the arguments with a retry key."""
        args = self.others(scene) if others else self.args(scene)
        return args.model_copy(update={"idempotency_key": "k"})


WAYS = {
    "grant": Way(
        members.grant,
        lambda _: GrantArgs(participant_name="new", lane="docs"),
        lambda _: GrantArgs(participant_name="new", role="lead"),
        has_secret=True,
    ),
    "change_member": Way(
        members.change_member,
        lambda _: ChangeArgs(participant_name="worker", role="lead"),
        lambda _: ChangeArgs(participant_name="worker", lane="docs"),
    ),
    "remove_member": Way(
        members.remove_member,
        lambda _: RemoveArgs(participant_name="worker"),
        lambda _: RemoveArgs(participant_name="lead"),
        events=2,  # and one for its lease
    ),
    "mint_token": Way(
        tokens.mint_token,
        lambda _: MintArgs(participant_name="worker"),
        lambda _: MintArgs(participant_name="worker", expires_in_seconds=60),
        has_secret=True,
    ),
    "rotate_one": Way(
        tokens.rotate_one,
        lambda scene: RotateArgs(token_id=scene.token_id, overlap_seconds=60),
        lambda scene: RotateArgs(token_id=scene.token_id),
        has_secret=True,
    ),
    "revoke_one": Way(
        tokens.revoke_one,
        lambda scene: TokenArgs(token_id=scene.token_id),
        lambda scene: TokenArgs(token_id=scene.token_id + 1),
    ),
    "revoke_invite": Way(
        invites.revoke_invite,
        lambda scene: RevokeInviteArgs(invite_id=scene.invite_id),
        lambda scene: RevokeInviteArgs(invite_id=scene.invite_id + 1),
    ),
    "force_release": Way(
        leases.force_release,
        lambda scene: ForceArgs(lease_id=scene.lease_id, reason="It is asleep."),
        lambda scene: ForceArgs(lease_id=scene.lease_id, reason="It is away."),
    ),
}
